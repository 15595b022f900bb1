#include "lib/conf.h"

#include "lib/log.h"
#include "lib/rr.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME "/etc/placed/placed.yaml"
#define SECRET "secret: aGVsbG8gd29ybGQ="

static struct conf *
conf_of(const char *text)
{
	struct diag d = {""};
	struct conf *c = conf_read_string(text, NAME, &d);

	cr_assert_not_null(c, "%s", d.text);
	return c;
}

/* The sentence that text is refused with, without the file's name. */
static const char *
refusal(const char *text)
{
	static struct diag d;
	struct conf *c = conf_read_string(text, "x.yaml", &d);

	cr_assert_null(c, "was taken: %s", text);
	cr_assert_eq(strncmp(d.text, "x.yaml:", 7), 0, "%s", d.text);
	return d.text + 7;
}

#define expect_refusal(text, sentence) cr_expect_str_eq(refusal(text), sentence)

/* True if the sentence holds part, and stands at LINE:COL. */
static void
expect_refused_at(const char *text, const char *at, const char *part)
{
	const char *got = refusal(text);

	cr_expect(!strncmp(got, at, strlen(at)) && strstr(got, part),
		  "expected %s … %s, got %s", at, part, got);
}

static const char *
text_of(const uint8_t *name)
{
	static char text[NAME_TEXT_MAX];

	name_to_text(text, name);
	return text;
}

static const struct conf_zone *
zone_of(const struct conf *c, const char *text)
{
	uint8_t apex[NAME_WIRE_MAX];

	cr_assert_eq(name_from_text(apex, text, NULL, NULL), 0);
	return conf_zone_find(c, apex);
}

/* --- a folder for files --------------------------------------------------- */

static char folder[256];

static void
folder_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.200s/conf-XXXXXX",
		 tmp ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(folder));
}

static void
folder_remove(void)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	cr_assert_eq(system(command), 0);
}

static const char *
file_write(const char *name, const char *text)
{
	static char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
	return path;
}

/* --- defaults and values -------------------------------------------------- */

Test(conf, an_empty_file_is_all_defaults)
{
	char text[NET_ADDR_TEXT_MAX];
	struct conf *c = conf_of("");

	cr_expect_str_eq(c->path, NAME);
	cr_assert_eq(c->listen_count, 2);
	cr_expect_str_eq(net_addr_to_text(text, &c->listen[0]), "127.0.0.1@53");
	cr_expect_str_eq(net_addr_to_text(text, &c->listen[1]), "::1@53");
	cr_expect_str_eq(c->store, "/var/lib/placed");
	cr_expect_str_eq(c->control, "/var/lib/placed/control");
	cr_expect_eq(c->control_mode, 0660);
	cr_expect_eq(c->store_limit, 32ull << 30);
	cr_expect_eq(c->journal_limit, 1u << 20);
	cr_expect(c->workers >= 1 && c->workers <= 64);
	cr_expect_null(c->user);
	cr_expect_eq(c->udp_payload, 1232);
	cr_expect_eq(c->tcp_idle_ms, 10000);
	cr_expect(c->tcp_connections && c->tcp_per_address && c->tcp_pipeline);
	cr_expect_null(c->version);
	cr_expect_null(c->identity);
	cr_expect_null(c->nsid);
	cr_expect(c->rrset_limit >= 1000 && c->types_limit >= 20);
	cr_expect_eq(c->log_level, LOG_NOTICE);
	cr_expect_eq(c->keys.count, 0);
	cr_expect_eq(c->zone_count, 0);
	conf_free(c);
	conf_free(conf_of("# only a comment\n---\n"));
}

Test(conf, every_setting_is_read)
{
	struct conf *c = conf_of("listen: 192.0.2.1\n"
				 "store: db\nstore-limit: 4G\n"
				 "journal-limit: 64K\nworkers: 3\nuser: dns\n"
				 "control: /run/p\ncontrol-mode: 0600\n"
				 "udp-payload: 512\ntcp-idle: 500ms\n"
				 "tcp-connections: 7\ntcp-per-address: 6\n"
				 "tcp-pipeline: 5\nversion: 'placed 1'\n"
				 "identity: attic\nnsid: 0x00Ff10\n"
				 "rrset-limit: 10\ntypes-limit: 9\n"
				 "log: debug\n");
	char text[NET_ADDR_TEXT_MAX];

	cr_assert_eq(c->listen_count, 1);
	cr_expect_str_eq(net_addr_to_text(text, &c->listen[0]), "192.0.2.1@53");
	cr_expect_str_eq(c->store, "/etc/placed/db");
	cr_expect_eq(c->store_limit, 4ull << 30);
	cr_expect_eq(c->journal_limit, 65536);
	cr_expect_eq(c->workers, 3);
	cr_expect_str_eq(c->user, "dns");
	cr_expect_str_eq(c->control, "/run/p");
	cr_expect_eq(c->control_mode, 0600);
	cr_expect_eq(c->udp_payload, 512);
	cr_expect_eq(c->tcp_idle_ms, 500);
	cr_expect_eq(c->tcp_connections, 7);
	cr_expect_eq(c->tcp_per_address, 6);
	cr_expect_eq(c->tcp_pipeline, 5);
	cr_expect_str_eq(c->version, "placed 1");
	cr_expect_str_eq(c->identity, "attic");
	cr_assert_eq(c->nsid_len, 3);
	cr_expect_arr_eq(c->nsid, "\x00\xff\x10", 3);
	cr_expect_eq(c->rrset_limit, 10);
	cr_expect_eq(c->types_limit, 9);
	cr_expect_eq(c->log_level, LOG_DEBUG);
	conf_free(c);
}

Test(conf, ipv6_addresses_need_no_quotes)
{
	struct conf *c =
		conf_of("listen: [ ::, ::1@5300, fe80::, 2001:db8::1 ]");
	static const char *const want[] = {"::@53", "::1@5300", "fe80::@53",
					   "2001:db8::1@53"};
	char text[NET_ADDR_TEXT_MAX];

	cr_assert_eq(c->listen_count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		cr_expect_str_eq(net_addr_to_text(text, &c->listen[i]),
				 want[i]);
	conf_free(c);
	c = conf_of("listen:\n  - ::\n  - ::1@5300\nversion: \"a ::1 b\"\n");
	cr_expect_eq(c->listen_count, 2);
	cr_expect_str_eq(c->version, "a ::1 b");
	conf_free(c);
}

Test(conf, a_text_nsid_is_its_octets)
{
	struct conf *c = conf_of("nsid: attic");

	cr_assert_eq(c->nsid_len, 5);
	cr_expect_arr_eq(c->nsid, "attic", 5);
	conf_free(c);
	expect_refused_at("nsid: 0xabc", "1:7: ", "hexadecimal");
}

Test(conf, numbers_out_of_range_name_the_range)
{
	expect_refusal("workers: 99",
		       "1:10: \"workers\": \"99\" is out of range, 1 to 64");
	expect_refusal("store-limit: 61G", "1:14: \"store-limit\": \"61G\" is "
					   "out of range, 1M to 60G");
	expect_refused_at("udp-payload: 511", "1:14: ", "512 to 4096");
	expect_refused_at("udp-payload: 4097", "1:14: ", "512 to 4096");
	expect_refused_at("control-mode: 1777", "1:15: ", "0000 to 0777");
	expect_refused_at("tcp-idle: 2h", "1:11: ", "100ms to 1h");
	expect_refused_at("store-limit: 99999999999999999999",
			  "1:14: ", "size");
	expect_refused_at("store-limit: 99999999999T", "1:14: ", "size");
}

Test(conf, what_is_not_a_value_says_what_is)
{
	expect_refused_at("workers: two", "1:10: ", "not a number");
	expect_refused_at("workers: -1", "1:10: ", "not a number");
	expect_refused_at("store-limit: 4X", "1:14: ", "such as 512M");
	expect_refused_at("tcp-idle: 10", "1:11: ", "such as 10s");
	expect_refused_at("control-mode: 0680", "1:15: ", "octal");
	expect_refused_at("log: loud", "1:6: ", "error, warning, notice");
	expect_refused_at("listen: [ 127.0.0.1@99999 ]", "1:11: ", "99999");
	expect_refused_at("listen: [ ::1, ::1@53 ]", "1:16: ", "twice");
	expect_refused_at("listen: []", "1:9: ", "at least 1");
	expect_refused_at("store:", "1:7: ", "needs a value");
	expect_refused_at("store: ''", "1:8: ", "empty");
	expect_refused_at("store: [ a ]", "1:8: ", "one value");
	expect_refused_at("listen: { a: b }", "1:9: ", "a list of");
	expect_refused_at("listen: [ [ ::1 ] ]", "1:11: ", "a list of");
	expect_refused_at("zones: lounge", "1:8: ", "a list");
	expect_refused_at("zones: [ lounge ]", "1:10: ", "{ name: … }");
	expect_refused_at("[ a ]", "1:1: ", "must be settings");
}

Test(conf, the_path_of_the_socket_must_fit)
{
	char text[400];

	snprintf(text, sizeof(text), "store: /%0150d", 0);
	expect_refused_at(text, "1:1: ", "107");
}

/* --- typos ---------------------------------------------------------------- */

Test(conf, an_unknown_key_names_the_nearest_one)
{
	expect_refusal("lsiten: [ ::1 ]",
		       "1:1: unknown key \"lsiten\"; did you mean \"listen\"?");
	expect_refusal(
		"store: a\nworker: 2",
		"2:1: unknown key \"worker\"; did you mean \"workers\"?");
	expect_refusal("zones:\n  - name: a\n    flie: b",
		       "3:5: unknown key \"flie\"; did you mean \"file\"?");
	expect_refusal(
		"keys: [ { name: a, secert: b } ]",
		"1:20: unknown key \"secert\"; did you mean \"secret\"?");
}

Test(conf, an_unknown_key_that_is_near_nothing_stands_alone)
{
	expect_refusal("catalogue: {}", "1:1: unknown key \"catalogue\"");
	expect_refusal("zones: [ { name: a, colour: b } ]",
		       "1:21: unknown key \"colour\" in zones");
}

Test(conf, control_octets_in_a_key_are_escaped)
{
	expect_refusal("\"\\e[31m\\n\": 1",
		       "1:1: unknown key \"\\x1b[31m\\x0a\"");
}

Test(conf, a_key_given_twice_is_an_error)
{
	expect_refused_at("user: a\nstore: b\nuser: c",
			  "3:1: ", "\"user\" is given twice, first in line 1");
}

/* --- YAML ----------------------------------------------------------------- */

Test(conf, broken_yaml_has_its_place)
{
	expect_refused_at("store: a\nlisten: [ ::1", "3:1: ", "(from line 2)");
	expect_refused_at("store: a\n\tuser: b", "2:1: ", "tab");
	expect_refused_at("zones:\n  - name: a\n\t- name: b", "3:1: ", "tab");
	expect_refused_at("user: \"abc", "1:11: ", "quoted");
	expect_refused_at("store: a\nuser: \xff", "2:7: ", "UTF-8");
	expect_refused_at("user: \"a\\0b\"", "1:7: ", "NUL");
}

Test(conf, anchors_aliases_tags_and_merges_are_refused)
{
	expect_refused_at("user: &a b", "1:7: ", "anchors");
	expect_refused_at("user: *a", "1:7: ", "aliases");
	expect_refused_at("user: !!str b", "1:7: ", "tags");
	expect_refused_at("<<: { user: a }", "1:1: ", "unknown key");
	expect_refused_at("a: &a [ x ]\nb: &b [ *a, *a ]\nc: [ *b, *b ]",
			  "1:4: ", "anchors");
}

Test(conf, a_star_without_quotes_is_explained)
{
	expect_refused_at("zones: [ { name: a, update: [ { names: [ * ]",
			  "1:43: ", "needs quotes");
}

Test(conf, only_one_document_is_taken)
{
	expect_refused_at("user: a\n---\nuser: b", "2:1: ", "one document");
}

Test(conf, nesting_is_bounded)
{
	char text[40001];

	memset(text, '[', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	expect_refused_at(text, "1:17: ", "too deeply");
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 2 ? ' ' : '-';
	expect_refused_at(text, "1:33: ", "too deeply");
}

/* --- keys ----------------------------------------------------------------- */

Test(conf_keys, keys_are_sorted_and_found_by_name)
{
	struct conf *c = conf_of(
		"keys:\n"
		"  - { name: B.a, " SECRET " }\n"
		"  - { name: a, algorithm: hmac-sha512, " SECRET " }\n");
	uint8_t name[NAME_WIRE_MAX];
	const struct tsig_key *key;

	cr_assert_eq(c->keys.count, 2);
	cr_expect_str_eq(text_of(c->keys.keys[0].name), "a.");
	cr_expect_eq(c->keys.keys[0].algorithm, TSIG_HMAC_SHA512);
	name_from_text(name, "b.A.", NULL, NULL);
	key = tsig_key_find(&c->keys, name);
	cr_assert_eq(key, &c->keys.keys[1]);
	cr_expect_str_eq(text_of(key->name), "b.a.");
	cr_expect_eq(key->algorithm, TSIG_HMAC_SHA256);
	cr_assert_eq(key->secret_len, 11);
	cr_expect_arr_eq(key->secret, "hello world", 11);
	conf_free(c);
}

Test(conf_keys, what_a_key_lacks_or_has_too_much_of_is_an_error)
{
	expect_refused_at("keys: [ { name: a } ]", "1:9: ", "needs \"secret\"");
	expect_refused_at("keys: [ { " SECRET " } ]",
			  "1:9: ", "\"name\" is missing in keys");
	expect_refused_at("keys: [ { name: a, " SECRET ", secret-file: b } ]",
			  "1:59: ", "not both");
	expect_refused_at("keys: [ { name: a, secret: 'a' } ]",
			  "1:28: ", "not base64");
	expect_refused_at("keys: [ { name: a, algorithm: hmac-md5, " SECRET
			  " } ]",
			  "1:31: ", "hmac-sha256");
	expect_refused_at("keys: [ { name: ., " SECRET " } ]",
			  "1:17: ", "root");
}

Test(conf_keys, a_key_given_twice_is_an_error)
{
	expect_refused_at("keys:\n - { name: a, " SECRET " }\n"
			  " - { name: A., " SECRET " }",
			  "3:12: ", "key a. is given twice, first in line 2");
}

Test(conf_keys, no_refusal_shows_a_secret)
{
	const char *got =
		refusal("keys: [ { name: a, secret: 'hunter2hunter2!' "
			"} ]");

	cr_expect_null(strstr(got, "hunter2"));
}

static const struct tsig_key *
key_of_file(struct conf **c, struct diag *d, const char *secret_text)
{
	file_write("room.key", secret_text);
	*c = conf_read(file_write("placed.yaml", "keys: [ { name: room-key., "
						 "algorithm: hmac-sha512, "
						 "secret-file: room.key } ]"),
		       d);
	return *c ? &(*c)->keys.keys[0] : NULL;
}

static void
expect_secret(const char *secret_text)
{
	struct diag d = {""};
	struct conf *c;
	const struct tsig_key *key = key_of_file(&c, &d, secret_text);

	cr_assert_not_null(key, "%s", d.text);
	cr_assert_eq(key->secret_len, 11);
	cr_expect_arr_eq(key->secret, "hello world", 11);
	conf_free(c);
}

static void
expect_no_secret(const char *secret_text, const char *part)
{
	struct diag d = {""};
	struct conf *c;

	cr_assert_null(key_of_file(&c, &d, secret_text));
	cr_expect(strstr(d.text, "placed.yaml:1:") &&
			  strstr(d.text, "room.key: ") && strstr(d.text, part),
		  "expected … %s, got %s", part, d.text);
}

Test(conf_keys, a_secret_file_is_base64_or_what_tsig_keygen_writes,
     .init = folder_make, .fini = folder_remove)
{
	expect_secret("aGVsbG8gd29ybGQ=\n");
	expect_secret("  aGVsbG8g\n d29ybGQ=");
	expect_secret("key \"room-key\" {\n\talgorithm hmac-sha512;\n"
		      "\tsecret \"aGVsbG8gd29ybGQ=\";\n};\n");
	expect_secret("/* of /* the room */ key Room-Key. { # us\n"
		      "secret aGVsbG8gd29ybGQ=; // no algorithm\n};");
	expect_secret("key other { secret \"AAAA\"; };\n"
		      "key room-key. { secret \"aGVsbG8gd29ybGQ=\"; };");
}

Test(conf_keys, a_secret_file_that_does_not_fit_is_refused, .init = folder_make,
     .fini = folder_remove)
{
	expect_no_secret("", "empty");
	expect_no_secret("not base64!", "not base64");
	expect_no_secret("key room-key { algorithm hmac-sha256; "
			 "secret \"AAAA\"; };",
			 "algorithm");
	expect_no_secret("key other { secret \"AAAA\"; };", "no key room-key.");
	expect_no_secret("key room-key { secret \"AAAA\"; }", "expected key");
	expect_no_secret("key room-key { secret \"AAAA; };", "expected key");
	expect_no_secret("key room-key { };", "expected key");
	expect_no_secret("key a..b { secret AAAA; };", "expected key");
	expect_no_secret("key room-key { secret AAAA; /* };", "expected key");
	expect_no_secret("lock room-key { secret AAAA; };", "expected key");
}

Test(conf_keys, a_secret_file_that_is_not_there_or_no_file_is_refused)
{
	expect_refused_at("keys: [ { name: a, secret-file: /nonexistent } ]",
			  "1:33: ", "No such file");
	expect_refused_at("keys: [ { name: a, secret-file: /tmp } ]",
			  "1:33: ", "not a file");
}

Test(conf_keys, a_secret_that_everybody_may_read_is_warned_of,
     .init = folder_make, .fini = folder_remove)
{
	int ends[2], saved = dup(STDERR_FILENO);
	char key_path[512], text[1024] = "";
	struct diag d = {""};
	struct conf *c;

	unsetenv("JOURNAL_STREAM");
	snprintf(key_path, sizeof(key_path), "%s",
		 file_write("room.key", "aGVsbG8gd29ybGQ="));
	chmod(key_path, 0644);
	file_write("placed.yaml",
		   "keys: [ { name: a, secret-file: room.key } ]");
	cr_assert_eq(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	c = conf_read(file_write("placed.yaml", "keys: [ { name: a, "
						"secret-file: room.key } ]"),
		      &d);
	dup2(saved, STDERR_FILENO);
	cr_assert_not_null(c, "%s", d.text);
	cr_assert_gt(read(ends[0], text, sizeof(text) - 1), 0);
	cr_expect(!strncmp(text, "warning: ", 9) && strstr(text, key_path),
		  "%s", text);
	conf_free(c);
	close(ends[0]);
	close(ends[1]);
	close(saved);
}

/* --- zones ---------------------------------------------------------------- */

Test(conf_zones, zones_are_sorted_and_found_by_apex)
{
	struct conf *c = conf_of("zones:\n"
				 "  - name: z.home\n    file: z/z.zone\n"
				 "  - name: Home.\n    file: /srv/home.zone\n"
				 "  - name: a\n");

	cr_assert_eq(c->zone_count, 3);
	cr_expect_str_eq(text_of(c->zones[0].apex), "a.");
	cr_expect_str_eq(text_of(c->zones[1].apex), "home.");
	cr_expect_str_eq(text_of(c->zones[2].apex), "z.home.");
	cr_expect_eq(zone_of(c, "HOME."), &c->zones[1]);
	cr_expect_eq(zone_of(c, "z.home."), &c->zones[2]);
	cr_expect_null(zone_of(c, "b.z.home."));
	cr_expect_null(c->zones[0].file);
	cr_expect_str_eq(c->zones[1].file, "/srv/home.zone");
	cr_expect_str_eq(c->zones[2].file, "/etc/placed/z/z.zone");
	cr_expect_eq(c->zones[1].line, 4);
	conf_free(c);
}

Test(conf_zones, bad_and_repeated_names_are_refused)
{
	expect_refused_at("zones: [ { name: a..b } ]", "1:18: ", "empty label");
	expect_refused_at("zones: [ { name: '' } ]", "1:18: ", "empty");
	expect_refused_at("zones: [ { name: '*.a' } ]", "1:18: ", "wildcard");
	expect_refused_at("zones: [ { file: a } ]",
			  "1:10: ", "\"name\" is missing in zones");
	expect_refused_at(
		"zones:\n  - name: a.b\n  - name: c\n"
		"  - name: A.B.",
		"4:11: ", "zone a.b. is given twice, first in line 2");
}

static bool
inside(const struct conf *c, const char *text)
{
	struct net_addr a;
	bool found = false;

	cr_assert_eq(net_addr_from_text(&a, text, 0, NULL), ERR_OK);
	for (size_t i = 0; i < c->zones[0].inside_count; i++)
		found = found ||
			net_prefix_contains(&c->zones[0].inside[i], &a);
	return found;
}

Test(conf_zones, inside_is_this_host_unless_given)
{
	struct conf *c = conf_of("zones: [ { name: a } ]");

	cr_expect(inside(c, "127.9.9.9"));
	cr_expect(inside(c, "::1"));
	cr_expect_not(inside(c, "192.0.2.1"));
	cr_expect_not(inside(c, "::2"));
	conf_free(c);
}

Test(conf_zones, inside_takes_prefixes_addresses_and_interfaces)
{
	struct conf *c =
		conf_of("zones: [ { name: a, inside: "
			"[ 192.0.2.0/24, 2001:db8::/32, ::5, lo ] } ]");

	cr_expect(inside(c, "192.0.2.77"));
	cr_expect_not(inside(c, "192.0.3.1"));
	cr_expect(inside(c, "2001:db8:1::1"));
	cr_expect(inside(c, "::5"));
	cr_expect_not(inside(c, "::6"));
	cr_expect_not(inside(c, "127.0.0.1"), "lo is not a prefix here");
	cr_assert_eq(c->zones[0].inside_interface_count, 1);
	cr_assert_eq(c->interface_count, 1);
	cr_expect_str_eq(c->interfaces[c->zones[0].inside_interfaces[0]], "lo");
	conf_free(c);
	c = conf_of("zones: [ { name: a, inside: [] } ]");
	cr_expect_eq(c->zones[0].inside_count, 0);
	conf_free(c);
}

Test(conf_zones, what_is_taken_leaves_no_sentence)
{
	struct diag d = {""};
	struct conf *c = conf_read_string("zones: [ { name: a, inside: lo } ]",
					  NAME, &d);

	cr_assert_not_null(c);
	cr_expect_str_eq(d.text, "");
	conf_free(c);
}

Test(conf_zones, what_is_no_prefix_and_no_interface_is_refused)
{
	expect_refused_at(
		"zones: [ { name: a, inside: [ lo, noface7 ] } ]",
		"1:35: ", "\"noface7\" is neither a prefix nor an interface");
	expect_refused_at("zones: [ { name: a, inside: 10.0.0.1/8 } ]",
			  "1:29: ", "10.0.0.1/8");
	expect_refused_at("zones: [ { name: a, inside: 10.0.0 } ]",
			  "1:29: ", "10.0.0");
}

/* --- update rules --------------------------------------------------------- */

static struct conf *
conf_of_rule(const char *rule)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "keys: [ { name: k, " SECRET " } ]\n"
		 "zones:\n"
		 "  - name: room.home\n"
		 "    update:\n"
		 "      - %s\n",
		 rule);
	return conf_of(text);
}

static void
expect_rule_refused(const char *rule, const char *at, const char *part)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "keys: [ { name: k, " SECRET " } ]\n"
		 "zones: [ { name: room.home, update: [\n"
		 "%s ] } ]",
		 rule);
	expect_refused_at(text, at, part);
}

Test(conf_rules, patterns_say_which_names)
{
	struct conf *c =
		conf_of_rule("{ key: K., names: [ '*', '*.Desk', lamp, "
			     "'@', self, \"\\\\*.desk\", "
			     "x.room.home., '*.room.home.' ], "
			     "types: [ A ] }");
	const struct conf_rule *u = c->zones[0].rules;
	static const struct {
		enum conf_match match;
		const char *name; /* NULL: none */
	} want[] = {
		{CONF_MATCH_BELOW_APEX, NULL},
		{CONF_MATCH_SUBTREE, "desk.room.home."},
		{CONF_MATCH_EXACT, "lamp.room.home."},
		{CONF_MATCH_EXACT, "room.home."},
		{CONF_MATCH_SELF, NULL},
		{CONF_MATCH_EXACT, "*.desk.room.home."},
		{CONF_MATCH_EXACT, "x.room.home."},
		{CONF_MATCH_SUBTREE, "room.home."},
	};

	cr_assert_eq(c->zones[0].rule_count, 1);
	cr_expect_str_eq(text_of(u->key), "k.");
	cr_expect_eq(u->line, 5);
	cr_assert_eq(u->name_count, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		cr_expect_eq(u->names[i].match, want[i].match, "%zu", i);
		if (want[i].name)
			cr_expect_str_eq(text_of(u->names[i].name),
					 want[i].name);
	}
	conf_free(c);
}

Test(conf_rules, types_are_sorted_and_each_counts_once)
{
	struct conf *c = conf_of_rule("{ key: k, names: a, types: "
				      "[ txt, A, TYPE65400, TXT, AAAA ] }");
	static const uint16_t want[] = {RR_A, RR_TXT, RR_AAAA, 65400};
	const struct conf_rule *u = c->zones[0].rules;

	cr_assert_eq(u->type_count, ARRAY_LEN(want));
	cr_expect_arr_eq(u->types, want, sizeof(want));
	cr_expect_not(u->any_type);
	conf_free(c);
}

Test(conf_rules, any_is_every_type)
{
	struct conf *c = conf_of_rule("{ key: k, names: a, types: ANY }");

	cr_expect(c->zones[0].rules->any_type);
	cr_expect_eq(c->zones[0].rules->type_count, 0);
	conf_free(c);
}

Test(conf_rules, the_order_of_the_file_is_kept)
{
	struct conf *c = conf_of_rule("{ key: k, names: b, types: A }\n"
				      "      - { key: k, names: a, types: A }");

	cr_assert_eq(c->zones[0].rule_count, 2);
	cr_expect_eq(c->zones[0].rules[0].line, 5);
	cr_expect_eq(c->zones[0].rules[1].line, 6);
	conf_free(c);
}

Test(conf_rules, keys_may_be_declared_below_the_zones)
{
	conf_free(conf_of("zones: [ { update: [ { types: A, names: lamp, "
			  "key: k } ], name: a } ]\n"
			  "keys: [ { name: k, " SECRET " } ]"));
}

Test(conf_rules, what_a_rule_cannot_say_is_refused)
{
	expect_rule_refused("{ key: other, names: a, types: A }",
			    "3:8: ", "key other., which is not declared");
	expect_rule_refused("{ names: a, types: A }",
			    "3:1: ", "\"key\" is missing in update");
	expect_rule_refused("{ key: k, types: A }", "3:1: ", "\"names\"");
	expect_rule_refused("{ key: k, names: a }", "3:1: ", "\"types\"");
	expect_rule_refused("{ key: k, names: [], types: A }",
			    "3:18: ", "at least 1");
	expect_rule_refused("{ key: k, names: a, types: [ A, AXFR ] }",
			    "3:33: ", "never stored");
	expect_rule_refused("{ key: k, names: a, types: [ OPT ] }",
			    "3:30: ", "never stored");
	expect_rule_refused("{ key: k, names: a, types: [ AAAAA ] }",
			    "3:30: ", "\"AAAAA\" is not a type");
	expect_rule_refused("{ key: k, names: b.hall., types: A }",
			    "3:18: ", "not in the zone");
	expect_rule_refused("{ key: k, names: lamp*, types: A }",
			    "3:18: ", "not in front");
	expect_rule_refused("{ key: k, names: a..b, types: A }",
			    "3:18: ", "empty label");
}

/* --- files ---------------------------------------------------------------- */

Test(conf, a_file_that_is_not_there_is_a_clear_error)
{
	struct diag d = {""};

	cr_expect_null(conf_read("/nonexistent/placed.yaml", &d));
	cr_expect_str_eq(d.text, "/nonexistent/placed.yaml: No such file or "
				 "directory");
	cr_expect_null(conf_read("/tmp", &d));
	cr_expect_str_eq(d.text, "/tmp: Is a directory");
}

Test(conf, a_file_beyond_64_mib_is_refused, .init = folder_make,
     .fini = folder_remove)
{
	const char *path = file_write("placed.yaml", "user: a\n");
	struct diag d = {""};

	cr_assert_eq(truncate(path, (64 << 20) + 1), 0);
	cr_expect_null(conf_read(path, &d));
	cr_expect_not_null(strstr(d.text, "larger than 64 MiB"), "%s", d.text);
}

Test(conf, relative_paths_start_at_the_folder_of_the_file, .init = folder_make,
     .fini = folder_remove)
{
	const char *path = file_write("placed.yaml", "store: ./db");
	struct diag d = {""};
	char want[600];
	struct conf *c;

	c = conf_read(path, &d);
	cr_assert_not_null(c, "%s", d.text);
	snprintf(want, sizeof(want), "%s/db", folder);
	cr_expect_str_eq(c->store, want);
	conf_free(c);

	cr_assert_eq(chdir(folder), 0);
	c = conf_read("placed.yaml", &d);
	cr_assert_not_null(c, "%s", d.text);
	cr_expect_str_eq(c->store, want);
	snprintf(want, sizeof(want), "%s/placed.yaml", folder);
	cr_expect_str_eq(c->path, want);
	conf_free(c);
	cr_assert_eq(chdir("/"), 0);
}

/* User time, so that a busy machine does not matter. */
static double
seconds_used(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

Test(conf, ten_thousand_zones_are_read_in_well_under_a_second)
{
	size_t room = 4 << 20, len = 0;
	char *text = malloc(room);
	double start;
	struct conf *c;

	len += (size_t)snprintf(text, room,
				"keys: [ { name: k, " SECRET " } ]\n"
				"zones:\n");
	for (unsigned i = 0; i < 10000; i++)
		len += (size_t)snprintf(
			text + len, room - len,
			"  - name: room-%u.house.home.arpa\n"
			"    file: room-%u.zone\n"
			"    inside: [ 127.0.0.0/8, 192.168.1.0/24, lo ]\n"
			"    update:\n"
			"      - { key: k, names: [ '*' ], "
			"types: [ A, AAAA, SRV, TXT ] }\n",
			i, i);
	start = seconds_used();
	c = conf_of(text);
	start = seconds_used() - start;
	cr_expect_lt(start, 4.0, "took %.2f s", start);
	cr_assert_eq(c->zone_count, 10000);
	cr_expect_not_null(zone_of(c, "room-9999.house.home.arpa."));
	conf_free(c);
	free(text);
}
