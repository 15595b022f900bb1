#include "lib/net_addr.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <net/if.h>
#include <string.h>

static struct net_addr
addr(const char *text)
{
	struct net_addr a;
	struct diag d = {""};

	cr_assert_eq(net_addr_from_text(&a, text, 53, &d), ERR_OK, "%s: %s",
		     text, d.text);
	return a;
}

static struct net_prefix
prefix(const char *text)
{
	struct net_prefix p;
	struct diag d = {""};

	cr_assert_eq(net_prefix_from_text(&p, text, &d), ERR_OK, "%s: %s", text,
		     d.text);
	return p;
}

static bool
contains(const char *prefix_text, const char *addr_text)
{
	struct net_prefix p = prefix(prefix_text);
	struct net_addr a = addr(addr_text);

	return net_prefix_contains(&p, &a);
}

static void
reads_as(const char *text, const char *expected)
{
	struct net_addr a = addr(text);
	char back[NET_ADDR_TEXT_MAX];

	cr_assert_str_eq(net_addr_to_text(back, &a), expected);
}

static void
is_refused(const char *text, enum err why)
{
	struct net_addr a;
	struct diag d = {""};

	cr_assert_eq(net_addr_from_text(&a, text, 53, &d), why, "'%s'", text);
	cr_assert_neq(d.text[0], '\0', "'%s' is refused without a word", text);
}

static void
prefix_is_refused(const char *text, enum err why)
{
	struct net_prefix p;
	struct diag d = {""};

	cr_assert_eq(net_prefix_from_text(&p, text, &d), why, "'%s'", text);
	cr_assert_neq(d.text[0], '\0', "'%s' is refused without a word", text);
}

Test(net_addr, an_address_with_a_port_reads_back_as_written)
{
	reads_as("127.0.0.1@5300", "127.0.0.1@5300");
	reads_as("::1@5300", "::1@5300");
	reads_as("0.0.0.0@0", "0.0.0.0@0");
	reads_as("::@65535", "::@65535");
}

Test(net_addr, without_a_port_the_default_is_taken)
{
	reads_as("192.0.2.1", "192.0.2.1@53");
	reads_as("2001:DB8:0::1", "2001:db8::1@53");
}

Test(net_addr, octets_and_port_are_in_network_order)
{
	struct net_addr a = addr("192.0.2.1@5300");

	cr_assert_eq(a.sa.sa_family, AF_INET);
	cr_assert_eq(a.len, sizeof(struct sockaddr_in));
	cr_assert_eq(ntohl(a.in.sin_addr.s_addr), 0xc0000201);
	cr_assert_eq(ntohs(a.in.sin_port), 5300);
}

Test(net_addr, a_link_local_address_names_its_interface)
{
	struct net_addr a = addr("fe80::1%lo@53");

	cr_assert_eq(a.in6.sin6_scope_id, if_nametoindex("lo"));
	reads_as("fe80::1%lo@53", "fe80::1%lo@53");
	is_refused("fe80::1%nosuchif@53", ERR_NOTFOUND);
	is_refused("fe80::1%@53", ERR_NOTFOUND);
}

Test(net_addr, an_interface_that_is_gone_is_shown_by_number)
{
	reads_as("fe80::1%4242@53", "fe80::1%4242@53");
}

Test(net_addr, what_is_no_address_is_refused)
{
	is_refused("", ERR_SYNTAX);
	is_refused("localhost", ERR_SYNTAX);
	is_refused("1.2.3", ERR_SYNTAX);
	is_refused("1.2.3.256", ERR_SYNTAX);
	is_refused("1.2.3.4:53", ERR_SYNTAX);
	is_refused("[::1]@53", ERR_SYNTAX);
	is_refused(" 1.2.3.4", ERR_SYNTAX);
	is_refused("1.2.3.4%lo", ERR_SYNTAX);
	is_refused("@53", ERR_SYNTAX);
}

Test(net_addr, a_port_is_a_number_up_to_65535)
{
	is_refused("1.2.3.4@", ERR_RANGE);
	is_refused("1.2.3.4@65536", ERR_RANGE);
	is_refused("1.2.3.4@-1", ERR_RANGE);
	is_refused("1.2.3.4@53x", ERR_RANGE);
	is_refused("1.2.3.4@000053", ERR_RANGE);
	is_refused("1.2.3.4@53@53", ERR_RANGE);
}

Test(net_addr, a_refusal_shows_no_raw_octets_and_has_an_end)
{
	struct net_addr a;
	struct diag d = {""};
	char text[2048];

	memset(text, '\x1b', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	cr_assert_eq(net_addr_from_text(&a, text, 53, &d), ERR_SYNTAX);
	cr_assert_null(strchr(d.text, '\x1b'));
	cr_assert_lt(strlen(d.text), 200);
}

Test(net_addr, the_same_host_may_ask_from_another_port)
{
	struct net_addr a = addr("192.0.2.1@1");
	struct net_addr b = addr("192.0.2.1@2");
	struct net_addr other = addr("192.0.2.2@1");
	struct net_addr mapped = addr("::ffff:192.0.2.1@3");
	struct net_addr six = addr("2001:db8::1@3");

	cr_assert(net_addr_same_host(&a, &b));
	cr_assert(net_addr_same_host(&a, &mapped));
	cr_assert(net_addr_same_host(&mapped, &a));
	cr_assert_not(net_addr_same_host(&a, &other));
	cr_assert_not(net_addr_same_host(&a, &six));
}

Test(net_addr, is_equal_with_the_same_address_port_and_link_alone)
{
	struct net_addr four = addr("192.0.2.1@1"), six = addr("fe80::1%1@53");
	struct net_addr again = addr("192.0.2.1@1"),
			six2 = addr("fe80::1%1@53");
	struct net_addr others[] = {
		addr("192.0.2.1@2"),	    addr("192.0.2.2@1"),
		addr("::ffff:192.0.2.1@1"), addr("fe80::1%2@53"),
		addr("fe80::2%1@53"),	    addr("fe80::1%1@54"),
	};

	cr_assert(net_addr_equal(&four, &again));
	cr_assert(net_addr_equal(&six, &six2));
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		cr_assert_not(net_addr_equal(&four, &others[i]));
		cr_assert_not(net_addr_equal(&six, &others[i]));
	}
}

Test(net_addr, a_link_local_address_on_another_link_is_another_host)
{
	struct net_addr a = addr("fe80::1%1@53");
	struct net_addr b = addr("fe80::1%2@53");

	cr_assert(net_addr_same_host(&a, &a));
	cr_assert_not(net_addr_same_host(&a, &b));
}

Test(net_addr, wildcards_are_all_zero)
{
	struct net_addr four = addr("0.0.0.0@53");
	struct net_addr six = addr("::@53");
	struct net_addr one = addr("::1@53");
	struct net_addr lo = addr("127.0.0.1@53");

	cr_assert(net_addr_is_wildcard(&four));
	cr_assert(net_addr_is_wildcard(&six));
	cr_assert_not(net_addr_is_wildcard(&one));
	cr_assert_not(net_addr_is_wildcard(&lo));
}

Test(net_prefix, contains_its_first_and_last_address_and_no_neighbour)
{
	cr_assert(contains("192.168.1.0/24", "192.168.1.0"));
	cr_assert(contains("192.168.1.0/24", "192.168.1.255"));
	cr_assert_not(contains("192.168.1.0/24", "192.168.0.255"));
	cr_assert_not(contains("192.168.1.0/24", "192.168.2.0"));
	cr_assert(contains("10.32.0.0/11", "10.63.255.255"));
	cr_assert_not(contains("10.32.0.0/11", "10.64.0.0"));
	cr_assert(contains("2001:db8::/33", "2001:db8:7fff::1"));
	cr_assert_not(contains("2001:db8::/33", "2001:db8:8000::1"));
}

Test(net_prefix, an_address_alone_is_all_bits)
{
	cr_assert_eq(prefix("192.0.2.1").bits, 32);
	cr_assert_eq(prefix("2001:db8::1").bits, 128);
	cr_assert(contains("2001:db8::1", "2001:db8::1"));
	cr_assert_not(contains("2001:db8::1", "2001:db8::2"));
}

Test(net_prefix, of_no_bits_contains_its_family)
{
	cr_assert(contains("0.0.0.0/0", "203.0.113.9"));
	cr_assert_not(contains("0.0.0.0/0", "2001:db8::1"));
	cr_assert(contains("::/0", "2001:db8::1"));
}

Test(net_prefix, mapped_addresses_are_matched_as_ipv4)
{
	cr_assert(contains("192.0.2.0/24", "::ffff:192.0.2.7"));
	cr_assert_not(contains("::/0", "::ffff:192.0.2.7"));
	cr_assert(contains("::ffff:192.0.2.0/120", "192.0.2.7"));
	cr_assert_eq(prefix("::ffff:192.0.2.0/120").family, AF_INET);
}

Test(net_prefix, host_bits_are_a_mistake)
{
	prefix_is_refused("192.168.1.1/24", ERR_RANGE);
	prefix_is_refused("2001:db8::1/64", ERR_RANGE);
	prefix_is_refused("128.0.0.0/0", ERR_RANGE);
}

Test(net_prefix, what_is_no_prefix_is_refused)
{
	prefix_is_refused("", ERR_SYNTAX);
	prefix_is_refused("eth0", ERR_SYNTAX);
	prefix_is_refused("/24", ERR_SYNTAX);
	prefix_is_refused("192.168.0/16", ERR_SYNTAX);
	prefix_is_refused("192.168.0.0/", ERR_RANGE);
	prefix_is_refused("192.168.0.0/33", ERR_RANGE);
	prefix_is_refused("192.168.0.0/1 6", ERR_RANGE);
	prefix_is_refused("2001:db8::/129", ERR_RANGE);
}

Test(net_prefix, loopback_has_127_slash_8)
{
	struct net_addr a = addr("127.1.2.3");
	struct net_prefix p[8];
	size_t n = net_prefixes_of_interface(p, ARRAY_LEN(p), "lo");
	bool found = false;

	for (size_t i = 0; i < n; i++)
		found = found || net_prefix_contains(&p[i], &a);
	cr_assert(found);
}

Test(net_prefix, no_more_are_written_than_there_is_room_for)
{
	struct net_prefix p[2] = {{.bits = 1}, {.bits = 99}};

	cr_assert_eq(net_prefixes_of_interface(p, 1, "lo"), 1);
	cr_assert_eq(p[1].bits, 99);
	cr_assert_eq(net_prefixes_of_interface(p, 0, "lo"), 0);
}

Test(net_prefix, an_interface_that_is_not_there_has_none)
{
	struct net_prefix p[4];

	cr_assert_eq(net_prefixes_of_interface(p, 4, "nosuchif0"), 0);
}
