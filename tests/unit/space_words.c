#include "tests/unit/space_words.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* A second of latitude is 30.89 m: sofa is 3.09 m north of lamp. */
static const char conf[] =
	"space: { ttl: 7, hits-max: 400, k: 3, k-max: 300 }\n"
	"zones:\n"
	"  - { name: b, inside: [ 127.0.0.0/8, 192.0.2.0/25 ] }\n"
	"  - { name: den.b, inside: [ 127.0.0.0/8 ] }\n";

#define BUILDING                                                             \
	APEX "lamp 300 LOC 52 0 0 N 0 0 0 E 1m 1m 1m 1m\n"                   \
	     "lamp 300 A 203.0.113.7\n"                                      \
	     "lamp 300 TXT \"a lamp\"\n"                                     \
	     "_zigbee.lamp 300 EUI64 00-17-88-01-0c-a4-5e-20\n"              \
	     "sofa 300 LOC 52 0 0.100 N 0 0 0 E 0m 1m 1m 1m\n"               \
	     "door 300 LOC 52 0 0.200 N 0 0 0 E 0m 1m 1m 1m\n"               \
	     "far 2 LOC 52 0 10 N 0 0 0 E 0m 1m 1m 1m\n"                     \
	     "hall 300 LOC 52 0 0 N 0 0 0 E 0m 20m 1m 1m\n"                  \
	     "_geo.hall 300 TXT \"fp=-400,-400 400,-400 400,400 -400,400\" " \
	     "\"lvl=0\"\n"                                                   \
	     "hook.hall 300 A 203.0.113.9\n"                                 \
	     "* 300 PTR trap\n"                                              \
	     "old 300 DNAME hall\n"                                          \
	     "alias 300 CNAME hall\n"                                        \
	     "ask 300 CNAME 52.0n.0.0e.1m._near\n"                           \
	     "den 300 NS ns.den\n"                                           \
	     "ns.den 300 A 203.0.113.2\n"                                    \
	     "_ipp._tcp 300 PTR Laser\\032Printer._ipp._tcp\n"               \
	     "Laser\\032Printer._ipp._tcp 300 SRV 0 0 631 door\n"            \
	     "Laser\\032Printer._ipp._tcp 300 TXT \"rp=ipp\"\n"

struct house h;

void
open_house(void)
{
	house_open(&h, conf, "b.", BUILDING, "den.b.", DEN, NULL);
}

void
close_house(void)
{
	house_close(&h);
}

ldns_pkt *
ask(const char *name, const char *type, int rcode)
{
	ldns_pkt *p = house_ask(&h, name, type);

	cr_assert_eq((int)ldns_pkt_get_rcode(p), rcode, "%s %s", name, type);
	return p;
}

void
expect_section(const char *name, const char *type, ldns_pkt_section section,
	       const char *text)
{
	ldns_pkt *p = ask(name, type, LDNS_RCODE_NOERROR);
	char *got = house_section(p, section);

	cr_expect_str_eq(got, text, "%s %s:\n%s", name, type, got);
	free(got);
	ldns_pkt_free(p);
}

void
expect(const char *name, const char *type, const char *text)
{
	ldns_pkt *p = ask(name, type, LDNS_RCODE_NOERROR);
	const ldns_rr_list *rrs = ldns_pkt_answer(p);
	char all[16384] = "";

	for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
		char *line =
			ldns_rdf2str(ldns_rr_rdf(ldns_rr_list_rr(rrs, i), 0));

		strcat(strcat(all, line), "\n");
		free(line);
	}
	cr_expect_str_eq(all, text, "%s %s:\n%s", name, type, all);
	ldns_pkt_free(p);
}

void
expect_no(const char *name, const char *type, int rcode)
{
	ldns_pkt *p = ask(name, type, rcode);

	cr_expect_eq(ldns_rr_list_rr_count(ldns_pkt_answer(p)), 0, "%s", name);
	cr_expect_eq(ldns_rr_list_rr_count(ldns_pkt_authority(p)), 1, "%s",
		     name);
	ldns_pkt_free(p);
}
