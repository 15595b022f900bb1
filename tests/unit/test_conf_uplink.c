/* The settings of the boundary: who is inside, and where questions may go; and
 * those of questions about space. */
#include "tests/unit/conf_words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define KEYS                                                  \
	"keys:\n"                                             \
	"  - { name: room-key., secret: aGVsbG8gd29ybGQ= }\n" \
	"  - { name: hall-key., secret: aGVsbG8gd29ybGQ= }\n"

/* "ADDRESS@PORT" or "ADDRESS@PORT#NAME". */
static const char *
forwarder(const struct conf *c, size_t i)
{
	static char text[NET_ADDR_TEXT_MAX + 260];
	const struct conf_forwarder *f = &c->uplink.forward[i];

	net_addr_to_text(text, &f->addr);
	if (f->tls_name != NULL)
		sprintf(text + strlen(text), "#%s", f->tls_name);
	return text;
}

/* --- zones ---------------------------------------------------------------- */

Test(conf_inside, prefixes_interfaces_and_keys_stand_side_by_side)
{
	struct conf *c = conf_of(
		KEYS
		"zones:\n"
		"  - name: a\n"
		"    inside: [ 192.0.2.0/24, lo, Room-Key., lo, hall-key. ]\n"
		"  - { name: b, inside: room-key. }\n"
		"  - { name: c, inside: lo }\n"
		"  - { name: d }\n");
	const struct conf_zone *z = c->zones;

	cr_expect_eq(z[0].inside_count, 1u);
	cr_assert_eq(z[0].inside_key_count, 2u);
	cr_expect_str_eq(text_of(z[0].inside_keys[0]), "room-key.");
	cr_expect_str_eq(text_of(z[0].inside_keys[1]), "hall-key.");
	cr_expect_eq(z[0].inside_interface_count, 1u, "each once");
	cr_expect_eq(z[1].inside_count, 0u, "the default is gone");
	cr_expect_eq(z[1].inside_key_count, 1u);
	cr_expect_eq(z[1].inside_interface_count, 0u);
	cr_expect_eq(z[2].inside_interface_count, 1u);
	cr_expect_eq(z[2].inside_interfaces[0], z[0].inside_interfaces[0]);
	cr_assert_eq(c->interface_count, 1u);
	cr_expect_str_eq(c->interfaces[0], "lo");
	cr_expect_eq(z[3].inside_count, 2u, "this host");
	cr_expect_eq(z[3].inside_key_count, 0u);
	conf_free(c);
}

Test(conf_inside, an_unknown_key_is_refused_with_the_nearest_known)
{
	expect_refusal(KEYS "zones:\n  - name: a\n    inside: rom-key.\n",
		       "6:13: \"inside\" names the key rom-key., which is not "
		       "declared under \"keys\"; did you mean room-key.?");
	expect_refusal(KEYS "zones:\n  - name: a\n    inside: stranger.\n",
		       "6:13: \"inside\" names the key stranger., which is not "
		       "declared under \"keys\"");
	expect_refusal("zones:\n  - { name: a, inside: room-key. }\n",
		       "2:24: \"inside\" names the key room-key., which is not "
		       "declared under \"keys\"");
}

Test(conf_inside, a_key_without_its_dot_is_told_so)
{
	cr_expect_not_null(strstr(
		refusal(KEYS "zones:\n  - { name: a, inside: room-key }\n"),
		"5:24: \"inside\": \"room-key\" is neither a prefix nor "
		"an interface that is there; the name of a key ends in a "
		"dot"));
}

Test(conf_inside, a_rule_for_an_unknown_key_names_the_nearest_too)
{
	expect_refusal(KEYS "zones:\n  - name: a\n    update:\n"
			    "      - { key: hal-key., names: x, types: A }\n",
		       "7:16: an update rule names the key hal-key., which is "
		       "not declared under \"keys\"; did you mean hall-key.?");
}

Test(conf_inside, loc_outside_takes_lengths)
{
	static const struct {
		const char *text;
		uint32_t metres;
	} rows[] = {{"0", 0},
		    {"100", 100},
		    {"100m", 100},
		    {"1km", 1000},
		    {"1000KM", 1000000}};

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		char text[80];
		struct conf *c;

		snprintf(text, sizeof(text),
			 "zones: [ { name: a, loc-outside: %s } ]",
			 rows[i].text);
		c = conf_of(text);
		cr_expect_eq(c->zones[0].loc_outside, rows[i].metres, "%s",
			     rows[i].text);
		conf_free(c);
	}
	expect_refusal("zones: [ { name: a, loc-outside: 1mile } ]",
		       "1:34: \"loc-outside\": \"1mile\" is not a length such "
		       "as 100m or 1km");
	expect_refusal("zones: [ { name: a, loc-outside: 1001km } ]",
		       "1:34: \"loc-outside\": \"1001km\" is out of range, 0m "
		       "to 1000km");
	expect_refusal("zones: [ { name: a, loc-outside: -5 } ]",
		       "1:34: \"loc-outside\": \"-5\" is not a length such as "
		       "100m or 1km");
}

/* --- the uplink ----------------------------------------------------------- */

Test(conf_uplink, without_one_all_has_its_default)
{
	static const char *const texts[] = {"", "uplink:", "uplink: {}"};

	for (unsigned i = 0; i < ARRAY_LEN(texts); i++) {
		struct conf *c = conf_of(texts[i]);
		const struct conf_uplink *u = &c->uplink;

		cr_expect_eq(u->forward_count, 0u);
		cr_expect_eq(u->reach.count, 0u);
		cr_assert_eq(u->private.count, 1u);
		cr_expect_str_eq(text_of(u->private.names[0]), "home.arpa.");
		cr_expect_null(u->ca_file);
		cr_expect(u->case_random);
		cr_expect_eq(u->cache_limit, 64u << 20);
		cr_expect_eq(u->ttl_min, 0u);
		cr_expect_eq(u->ttl_max, 86400u);
		cr_expect_eq(u->negative_max, 3600u);
		cr_expect_eq(u->stale_max, 86400u);
		cr_expect_eq(u->waiting_per_client, 64u);
		conf_free(c);
	}
}

Test(conf_uplink, what_is_given_is_taken)
{
	struct conf *c = conf_of("uplink:\n"
				 "  forward: 192.0.2.1\n"
				 "  roots: no\n"
				 "  reach: [ Cam.Ac.UK., example ]\n"
				 "  private: [ corp.example ]\n"
				 "  ca-file: ca.pem\n"
				 "  case-random: no\n"
				 "  cache-limit: 1G\n"
				 "  ttl-min: 30\n"
				 "  ttl-max: 2h\n"
				 "  negative-max: 5m\n"
				 "  stale-max: 3d\n"
				 "  waiting-per-client: 10\n");
	const struct conf_uplink *u = &c->uplink;

	cr_assert_eq(u->reach.count, 2u);
	cr_expect_str_eq(text_of(u->reach.names[0]), "cam.ac.uk.");
	cr_expect_str_eq(text_of(u->reach.names[1]), "example.");
	cr_assert_eq(u->private.count, 1u);
	cr_expect_str_eq(text_of(u->private.names[0]), "corp.example.");
	cr_expect_not_null(strstr(u->ca_file, "/ca.pem"));
	cr_expect_eq(u->ca_file[0], '/');
	cr_expect_not(u->case_random);
	cr_expect_eq(u->cache_limit, 1u << 30);
	cr_expect_eq(u->ttl_min, 30u);
	cr_expect_eq(u->ttl_max, 7200u);
	cr_expect_eq(u->negative_max, 300u);
	cr_expect_eq(u->stale_max, 259200u);
	cr_expect_eq(u->waiting_per_client, 10u);
	conf_free(c);
}

Test(conf_uplink, forwarders_are_addresses_with_port_and_name)
{
	struct conf *c = conf_of("uplink:\n"
				 "  forward:\n"
				 "    - 192.168.1.1\n"
				 "    - 2001:db8::1@5353\n"
				 "    - 9.9.9.9@853#dns.quad9.net\n"
				 "    - 149.112.112.112#dns.quad9.net.\n"
				 "    - 2620:fe::fe@8853#dns.quad9.net\n");
	static const char *const want[] = {"192.168.1.1@53", "2001:db8::1@5353",
					   "9.9.9.9@853#dns.quad9.net",
					   "149.112.112.112@853#dns.quad9.net",
					   "2620:fe::fe@8853#dns.quad9.net"};

	cr_assert_eq(c->uplink.forward_count, ARRAY_LEN(want));
	for (unsigned i = 0; i < ARRAY_LEN(want); i++)
		cr_expect_str_eq(forwarder(c, i), want[i]);
	conf_free(c);
	/* # begins a comment of YAML only behind a space */
	c = conf_of("uplink: { forward: [ 9.9.9.9@853#dns.quad9.net, "
		    "1.1.1.1 ] } # yes\n");
	cr_assert_eq(c->uplink.forward_count, 2u);
	cr_expect_str_eq(forwarder(c, 0), "9.9.9.9@853#dns.quad9.net");
	cr_expect_str_eq(forwarder(c, 1), "1.1.1.1@53");
	conf_free(c);
}

Test(conf_uplink, who_cannot_be_asked_is_refused)
{
	expect_refusal("uplink: { forward: 0.0.0.0 }",
		       "1:20: \"forward\": \"0.0.0.0\" is not an address that "
		       "can be asked");
	expect_refusal("uplink: { forward: 192.0.2.1@0 }",
		       "1:20: \"forward\": \"192.0.2.1@0\" is not an address "
		       "that can be asked");
	expect_refusal("uplink: { forward: \"192.0.2.1#\" }",
		       "1:20: \"forward\": an empty name");
	expect_refusal("uplink: { forward: 192.0.2.1#9.9.9.9 }",
		       "1:20: \"forward\": \"192.0.2.1#9.9.9.9\" is not an "
		       "address with the name of its certificate, such as "
		       "9.9.9.9#dns.quad9.net");
	expect_refusal("uplink:\n  forward: [ 192.0.2.1,\n    192.0.2.1@53 ]",
		       "3:5: \"forward\": 192.0.2.1@53 is given twice");
	cr_expect_not_null(strstr(refusal("uplink:\n  forward: dns.example\n"),
				  "2:12: \"forward\": "));
}

Test(conf_uplink, a_forwarder_that_is_this_server_is_refused)
{
	expect_refusal("listen: 127.0.0.1@5300\n"
		       "uplink: { forward: 127.0.0.1@5300 }",
		       "2:20: \"forward\": 127.0.0.1@5300 is this server "
		       "itself");
	expect_refusal("listen: 0.0.0.0@53\nuplink: { forward: 127.0.0.1 }",
		       "2:20: \"forward\": 127.0.0.1@53 is this server itself");
	conf_free(conf_of("listen: 127.0.0.1@5300\n"
			  "uplink: { forward: 127.0.0.1@5301 }"));
}

Test(conf_uplink, reach_without_anybody_to_ask_is_refused)
{
	expect_refusal("uplink:\n  case-random: yes\n  reach: [ example ]\n",
		       "3:10: \"reach\": there is nobody to ask; name a server "
		       "under \"forward\"");
}

Test(conf_uplink, names_stand_for_all_below_them)
{
	struct conf *c =
		conf_of("uplink: { forward: 192.0.2.1, reach: \".\" }");

	cr_assert_eq(c->uplink.reach.count, 1u);
	cr_expect(name_is_root(c->uplink.reach.names[0]));
	conf_free(c);
	c = conf_of("uplink: { forward: 192.0.2.1, private: [] }");
	cr_expect_eq(c->uplink.private.count, 0u);
	conf_free(c);
	expect_refusal("uplink: { forward: 192.0.2.1, reach: \"*.example\" }",
		       "1:38: \"reach\": \"*.example\": a name stands for all "
		       "below it; leave the * out");
	cr_expect_not_null(
		strstr(refusal("uplink: { forward: 192.0.2.1, reach: a..b }"),
		       "1:38: \"reach\": "));
}

Test(conf_uplink, roots_are_not_there_yet)
{
	expect_refusal("uplink:\n  reach: [ . ]\n  roots: yes\n",
		       "3:10: \"roots\": iteration from the root is not there "
		       "yet; name a server under \"forward\"");
	expect_refusal("uplink: { roots: maybe }",
		       "1:18: \"roots\": \"maybe\" is not yes or no");
}

Test(conf_uplink, values_out_of_range_are_refused)
{
	expect_refusal("uplink: { cache-limit: 64K }",
		       "1:24: \"cache-limit\" is 0 or at least 1M");
	expect_refusal("uplink: { ttl-max: 8d }",
		       "1:20: \"ttl-max\": \"8d\" is out of range, 1s to 7d");
	expect_refusal("uplink: { ttl-min: 90, ttl-max: 60 }",
		       "1:20: \"ttl-min\" is more than \"ttl-max\"");
	expect_refusal("uplink: { negative-max: soon }",
		       "1:25: \"negative-max\": \"soon\" is not a number of "
		       "seconds, or a time such as 30m or 1d");
	expect_refusal("uplink: { case-random: 1 }",
		       "1:24: \"case-random\": \"1\" is not yes or no");
	expect_refusal("uplink: { waiting-per-client: 0 }",
		       "1:31: \"waiting-per-client\": \"0\" is out of range, 1 "
		       "to 4096");
	conf_free(conf_of("uplink: { cache-limit: 0, stale-max: 0 }"));
	conf_free(conf_of("uplink: { cache-limit: 1M }"));
}

Test(conf_uplink, what_is_no_map_of_settings_is_refused)
{
	expect_refusal("uplink: 192.0.2.1",
		       "1:9: \"uplink\" takes settings: { forward: … }");
	expect_refusal("uplink: [ 192.0.2.1 ]",
		       "1:9: \"uplink\" takes settings: { forward: … }");
	expect_refusal("uplink: { forwad: 192.0.2.1 }",
		       "1:11: unknown key \"forwad\"; did you mean "
		       "\"forward\"?");
	expect_refusal("uplink: { zebra: 1 }",
		       "1:11: unknown key \"zebra\" in uplink");
}

/* --- space ---------------------------------------------------------------- */

Test(conf_space, limits_have_defaults_that_suit_a_building)
{
	struct conf *c = conf_of("");

	cr_expect_eq(c->space.k, 10);
	cr_expect_eq(c->space.k_max, 1000);
	cr_expect_eq(c->space.radius_max, 100000);
	cr_expect_eq(c->space.hits_max, 1000);
	cr_expect_eq(c->space.scan_max, 20000);
	cr_expect_eq(c->space.ttl, 5);
	cr_expect_eq(c->space.gather_ms, 300);
	conf_free(c);
}

Test(conf_space, limits_are_read_with_their_units)
{
	struct conf *c = conf_of("space: { k: 4, k-max: 40, radius-max: 2km, "
				 "hits-max: 50, scan-max: 900, ttl: 1m, "
				 "gather: 1s }\n");

	cr_expect_eq(c->space.k, 4);
	cr_expect_eq(c->space.k_max, 40);
	cr_expect_eq(c->space.radius_max, 2000);
	cr_expect_eq(c->space.hits_max, 50);
	cr_expect_eq(c->space.scan_max, 900);
	cr_expect_eq(c->space.ttl, 60);
	cr_expect_eq(c->space.gather_ms, 1000);
	conf_free(c);
}

Test(conf_space, more_than_an_answer_can_hold_is_refused)
{
	expect_refusal("space: { hits-max: 4001 }\n",
		       "1:20: \"hits-max\": \"4001\" is out of range, 1 to "
		       "4000");
}
