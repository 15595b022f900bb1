/* The settings of keys and zones, and of who may update what. */
#include "tests/unit/conf_words.h"

#include "lib/rr.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
					  CONF_NAME, &d);

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
