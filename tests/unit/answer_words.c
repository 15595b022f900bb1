#include "tests/unit/answer_words.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static uint8_t message[WIRE_MSG_MAX];
static struct wire_writer writer;
static uint16_t counts[MSG_SECTIONS];
static uint16_t rr_class;
static uint8_t question[NAME_WIRE_MAX];
static uint16_t question_type;

struct entry entry;
struct entry_policy answer_policy = {.ttl_max = 86400, .negative_max = 3600};

const uint8_t *
name_of(const char *text)
{
	static uint8_t names[8][NAME_WIRE_MAX];
	static unsigned next;
	uint8_t *name = names[next++ % 8];

	cr_assert_eq(name_from_text(name, text, NULL, NULL), ERR_OK, "%s",
		     text);
	return name;
}

void
answer_begin(const char *qname, uint16_t qtype, uint16_t flags)
{
	memset(counts, 0, sizeof(counts));
	wire_writer_init(&writer, message, sizeof(message));
	msg_write_header(&writer, 1, (uint16_t)(MSG_QR | flags));
	name_copy(question, name_of(qname));
	question_type = qtype;
	msg_write_question(&writer, question, qtype, RR_IN);
	counts[MSG_QD] = 1;
	rr_class = RR_IN;
}

void
answer_class(uint16_t class)
{
	rr_class = class;
}

void
answer_rr(enum msg_section section, const char *owner, uint32_t ttl,
	  uint16_t type, const void *rdata, size_t rdlen)
{
	const struct rr rr = {.owner = name_of(owner),
			      .rdata = rdata,
			      .ttl = ttl,
			      .type = type,
			      .class = rr_class,
			      .rdlen = (uint16_t)rdlen};

	msg_write_rr(&writer, &rr);
	cr_assert(!writer.full);
	counts[section]++;
}

void
answer_name(enum msg_section section, const char *owner, uint32_t ttl,
	    uint16_t type, const char *name)
{
	const uint8_t *rdata = name_of(name);

	answer_rr(section, owner, ttl, type, rdata, name_len(rdata));
}

void
answer_a(enum msg_section section, const char *owner, uint32_t ttl,
	 const char *address)
{
	bool six = strchr(address, ':') != NULL;
	uint8_t rdata[16];

	cr_assert_eq(inet_pton(six ? AF_INET6 : AF_INET, address, rdata), 1);
	answer_rr(section, owner, ttl, six ? RR_AAAA : RR_A, rdata,
		  six ? 16 : 4);
}

void
answer_soa(const char *owner, uint32_t ttl, uint32_t minimum)
{
	static const uint8_t names[] = "\2ns\0\5admin";
	uint8_t rdata[sizeof(names) + 20] = {0};

	memcpy(rdata, names, sizeof(names));
	put32(rdata + sizeof(names) + 16, minimum);
	answer_rr(MSG_NS, owner, ttl, RR_SOA, rdata, sizeof(rdata));
}

void
answer_rrsig(enum msg_section section, const char *owner, uint32_t ttl,
	     uint16_t covers)
{
	static const uint8_t signer[] = "\7example";
	uint8_t rdata[18 + sizeof(signer) + 4] = {0};

	put16(rdata, covers);
	rdata[2] = 13;
	memcpy(rdata + 18, signer, sizeof(signer));
	memcpy(rdata + 18 + sizeof(signer), "sig!", 4);
	answer_rr(section, owner, ttl, RR_RRSIG, rdata, sizeof(rdata));
}

const uint8_t *
answer_octets(size_t *len)
{
	for (int s = MSG_QD; s < MSG_SECTIONS; s++)
		msg_set_count(&writer, (enum msg_section)s, counts[s]);
	*len = writer.len;
	return message;
}

void
expect_entry(enum err expected)
{
	static struct arena arena;
	static struct msg m;
	const uint8_t *octets, *made;
	size_t len;

	octets = answer_octets(&len);
	cr_assert_eq(msg_parse_response(&m, octets, len), MSG_OK);
	arena_free(&arena);
	arena_init_growing(&arena);
	cr_assert_eq(entry_build(&m, question, question_type, &answer_policy,
				 ANSWER_NOW, &arena, &made, &len),
		     expected);
	if (expected != ERR_OK)
		return;
	cr_assert(entry_open(&entry, made, len));
	cr_assert_eq(entry.made, ANSWER_NOW);
}

/* --- what is in it -------------------------------------------------------- */

/* Enough of a presentation form to be compared. */
static void
rdata_text(char *dst, size_t size, uint16_t type, const uint8_t *rdata,
	   size_t rdlen)
{
	const uint8_t *target = rr_rdata_target(type, rdata);
	size_t used = 0;

	if (type == RR_A || type == RR_AAAA) {
		inet_ntop(type == RR_A ? AF_INET : AF_INET6, rdata, dst,
			  (socklen_t)size);
	} else if (target == rdata) {
		name_to_text(dst, target);
	} else if (type == RR_RRSIG) {
		rr_type_to_text(dst, get16(rdata));
	} else if (type == RR_SOA) {
		snprintf(dst, size, "%u", rr_soa_minimum(rdata, rdlen));
	} else {
		for (size_t i = 0; i < rdlen && used + 3 < size; i++)
			used += (size_t)snprintf(dst + used, size - used,
						 "%02x", rdata[i]);
	}
}

static size_t
set_text(char *dst, size_t size, const struct entry_rrset *r)
{
	char owner[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX];
	const uint8_t *rdata;
	uint16_t rdlen;
	size_t at = 0, len;

	name_to_text(owner, r->owner);
	len = (size_t)snprintf(dst, size, "%s %s %u %s",
			       r->section == MSG_AN   ? "AN"
			       : r->section == MSG_NS ? "NS"
						      : "AR",
			       owner, r->set.ttl,
			       rr_type_to_text(type, r->set.type));
	while (rrset_next(&r->set, &at, &rdata, &rdlen)) {
		char text[NAME_TEXT_MAX] = "";

		rdata_text(text, sizeof(text), r->set.type, rdata, rdlen);
		len += (size_t)snprintf(dst + len, size - len, " %s", text);
	}
	return len + (size_t)snprintf(dst + len, size - len, "\n");
}

void
expect_sets(const char *text)
{
	static char all[65536];
	struct entry_rrset r;
	size_t at = 0, len = 0;

	all[0] = '\0';
	while (entry_next(&entry, &at, &r))
		len += set_text(all + len, sizeof(all) - len, &r);
	cr_assert_str_eq(all, text);
}
