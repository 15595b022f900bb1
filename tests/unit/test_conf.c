/* The configuration: YAML, values, defaults and files. */
#include "tests/unit/conf_words.h"

#include "lib/log.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* --- defaults and values -------------------------------------------------- */

Test(conf, an_empty_file_is_all_defaults)
{
	char text[NET_ADDR_TEXT_MAX];
	struct conf *c = conf_of("");

	cr_expect_str_eq(c->path, CONF_NAME);
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
