/*
 * Plays scenarios: what a client asks, what the resolver sends, what comes back
 * and when, and how it ends. Each file in tests/replay/scenarios is a test; its
 * first line says what it shows. A line is a command; indented lines are RRs
 * that belong to it.
 *
 *   uplink LINE                 a line of the configuration, before all else
 *   ask NAME TYPE [do] [cd] [space] [private] [of ADDR,ADDR ZONE]
 *                               numbered from 1 on
 *   prefetch NAME TYPE          as ask, with nobody waiting
 *   busy                        the last ask was turned away
 *   sent udp|tcp|tls ADDR NAME TYPE [rd|no-rd] [edns|no-edns] [do] [cd]
 *                               the oldest message not yet taken; it is the
 *                               one at hand then, numbered from 1 on
 *   sent nothing
 *   sent whatever               what was sent and not taken is forgotten
 *   at N                        message N is at hand again
 *   reply RCODE [aa] [tc] [ra] [id] [query] [name NAME] [type TYPE] [letters]
 *         [bare]                to the one at hand; id, query, letters, bare:
 *                               with another ID, as a query, in lower case,
 *                               nothing but the header
 *     an|ns|ar RR               its sections
 *   junk LEN                    a header and question that match, then noise
 *   unheard                     the last reply had nobody listening to it
 *   error TEXT                  refused, unreachable, closed
 *   fail-udp ERRNO, fail-streams
 *                               what is sent from now on fails at once
 *   pass MS
 *   got N RCODE [partial] [rebound]
 *     RR                        all that is kept, in order
 *   failed N EDE [TEXT]         TEXT occurs in what is said
 *   waiting N
 *   cancel N
 *   down | up                   the uplink as a whole
 *   counted COUNTER N           of struct resolver_stats
 *   forward LINE                a new configuration
 */
#include "tests/replay/world.h"
#include "zones/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINES_MAX 512
#define WORDS_MAX 24
#define TAKEN_MAX 256

struct line {
	char text[512];
	unsigned number;
	bool belongs; /* it is indented */
};

struct play {
	const char *file;
	struct line lines[LINES_MAX];
	unsigned count, at;
	char buffer[512]; /* of the words of the line at hand */
	char *words[WORDS_MAX + 1];
	unsigned word_count;
	char uplink[2048];
	struct world *world;
	struct world_sent *taken[TAKEN_MAX];
	unsigned taken_count, hand;
	bool heard;
	struct conf *old[8];
	unsigned old_count;
};

__attribute__((format(printf, 2, 3))) static _Noreturn void
fail(const struct play *p, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%u: ", p->file, p->lines[p->at].number);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(1);
}

/* --- words ---------------------------------------------------------------- */

static void
words_split(struct play *p)
{
	char *save = NULL, *word;

	strcpy(p->buffer, p->lines[p->at].text);
	p->word_count = 0;
	for (word = strtok_r(p->buffer, " \t", &save); word != NULL;
	     word = strtok_r(NULL, " \t", &save)) {
		if (p->word_count == WORDS_MAX)
			fail(p, "too many words");
		p->words[p->word_count++] = word;
	}
	p->words[p->word_count] = NULL;
}

static const char *
word(const struct play *p, unsigned i)
{
	if (i >= p->word_count)
		fail(p, "a word is missing");
	return p->words[i];
}

/* Where that option stands, 0 if it does not. */
static unsigned
option(const struct play *p, unsigned from, const char *text)
{
	for (unsigned i = from; i < p->word_count; i++)
		if (strcmp(p->words[i], text) == 0)
			return i;
	return 0;
}

static unsigned
number(const struct play *p, unsigned i)
{
	char *end;
	unsigned long v = strtoul(word(p, i), &end, 10);

	if (*end != '\0')
		fail(p, "%s is not a number", word(p, i));
	return (unsigned)v;
}

static void
name_word(const struct play *p, unsigned i, uint8_t *dst)
{
	struct diag d;

	if (name_from_text(dst, word(p, i), NULL, &d) != ERR_OK)
		fail(p, "%s", d.text);
}

static uint16_t
type_word(const struct play *p, unsigned i)
{
	uint16_t type = rr_type_from_text(word(p, i));

	if (type == 0)
		fail(p, "%s is not a type", word(p, i));
	return type;
}

static unsigned
rcode_word(const struct play *p, unsigned i)
{
	for (unsigned rcode = 0; rcode <= 23; rcode++)
		if (strcmp(msg_rcode_text(rcode), word(p, i)) == 0)
			return rcode;
	fail(p, "%s is not an rcode", word(p, i));
}

/* --- RRs ------------------------------------------------------------------ */

static enum err
line_rr(void *ctx, const struct rr *rr, struct text_place place, struct diag *d)
{
	(void)place;
	(void)d;
	*(char **)ctx = text_from_rr(rr);
	return ERR_OK;
}

static enum err
line_write(void *ctx, const struct rr *rr, struct text_place place,
	   struct diag *d)
{
	(void)place;
	(void)d;
	msg_write_rr(ctx, rr);
	return ERR_OK;
}

static void
rr_read(const struct play *p, const char *text, text_rr_fn *fn, void *ctx)
{
	struct diag d;

	if (text_read_string(text, p->file, name_root, fn, ctx, &d) != ERR_OK)
		fail(p, "%s", d.text);
}

static bool
line_next_belongs(const struct play *p)
{
	return p->at + 1 < p->count && p->lines[p->at + 1].belongs;
}

/* --- commands ------------------------------------------------------------- */

static void
servers_word(struct play *p, unsigned i, struct resolve_servers *s,
	     uint8_t *zone)
{
	char list[256], *save = NULL, *one;
	struct diag d;

	snprintf(list, sizeof(list), "%s", word(p, i));
	s->count = 0;
	for (one = strtok_r(list, ",", &save); one != NULL;
	     one = strtok_r(NULL, ",", &save))
		if (net_addr_from_text(&s->addr[s->count++], one, 53, &d) !=
		    ERR_OK)
			fail(p, "%s", d.text);
	name_word(p, i + 1, zone);
	s->zone = zone;
}

static void
play_ask(struct play *p)
{
	uint8_t name[NAME_WIRE_MAX], zone[NAME_WIRE_MAX];
	struct resolve_servers servers;
	struct resolve_question q = {.qname = name, .qtype = type_word(p, 2)};
	unsigned of = option(p, 3, "of");

	name_word(p, 1, name);
	q.variant = (uint8_t)((option(p, 3, "do") ? CACHE_DO : 0) |
			      (option(p, 3, "cd") ? CACHE_CD : 0) |
			      (option(p, 3, "space") ? CACHE_SPACE : 0));
	q.private_ok = option(p, 3, "private") != 0;
	if (of != 0) {
		servers_word(p, of + 1, &servers, zone);
		q.servers = &servers;
	}
	if (strcmp(p->words[0], "prefetch") == 0)
		resolver_prefetch(p->world->resolver, &q);
	else
		world_ask(p->world, &q);
	memset(name, 0xff, sizeof(name)); /* it was copied */
	memset(zone, 0xff, sizeof(zone));
}

static struct world_ask *
ask_word(struct play *p, unsigned i)
{
	unsigned n = number(p, i);

	if (n < 1 || n > p->world->ask_count)
		fail(p, "there is no ask %u", n);
	return p->world->asks[n - 1];
}

static void
play_busy(struct play *p)
{
	const struct world_ask *a = p->world->asks[p->world->ask_count - 1];

	if (a->result.outcome != RESOLVE_BUSY || a->waiter != NULL)
		fail(p, "it was not turned away");
}

static const char *
sent_text(const struct world_sent *s, char *dst, size_t cap)
{
	static const char *const ways[] = {"udp", "tcp", "tls"};
	char addr[NET_ADDR_TEXT_MAX], name[NAME_TEXT_MAX];
	char type[RR_TYPE_TEXT_MAX];

	name_to_text(name, s->msg.qname);
	for (char *c = name; *c != '\0'; c++)
		*c = (char)name_lower_octet((uint8_t)*c);
	snprintf(dst, cap, "%s %s %s %s", ways[s->way],
		 net_addr_to_text(addr, &s->to), name,
		 rr_type_to_text(type, s->msg.qtype));
	return dst;
}

static void
check_flag(const struct play *p, const char *text, bool is)
{
	char no[32];

	snprintf(no, sizeof(no), "no-%s", text);
	if (option(p, 5, text) != 0 && !is)
		fail(p, "it is without %s", text);
	if (option(p, 5, no) != 0 && is)
		fail(p, "it is with %s", text);
}

static void
play_sent(struct play *p)
{
	struct world_sent *s = world_take(p->world);
	char have[2048], want[2048];

	if (s != NULL)
		sent_text(s, have, sizeof(have));
	if (strcmp(word(p, 1), "nothing") == 0) {
		if (s != NULL)
			fail(p, "there was sent: %s", have);
		return;
	}
	if (s == NULL)
		fail(p, "nothing was sent");
	if (strcmp(word(p, 1), "whatever") == 0) {
		while (world_take(p->world) != NULL)
			;
		return;
	}
	snprintf(want, sizeof(want), "%s %s%s %s%s %s", word(p, 1), word(p, 2),
		 strchr(word(p, 2), '@')	  ? ""
		 : strcmp(word(p, 1), "tls") == 0 ? "@853"
						  : "@53",
		 word(p, 3), strcmp(word(p, 3), ".") == 0 ? "" : ".",
		 word(p, 4));
	if (strcmp(have, want) != 0)
		fail(p, "there was sent: %s", have);
	check_flag(p, "rd", (s->msg.flags & MSG_RD) != 0);
	check_flag(p, "cd", (s->msg.flags & MSG_CD) != 0);
	check_flag(p, "do", s->msg.edns.dnssec_ok);
	check_flag(p, "edns", s->msg.edns.present);
	if (p->taken_count == TAKEN_MAX)
		fail(p, "too much was sent");
	p->taken[p->taken_count++] = s;
	p->hand = p->taken_count;
}

static struct world_sent *
at_hand(struct play *p)
{
	if (p->hand < 1 || p->hand > p->taken_count)
		fail(p, "no message is at hand");
	return p->taken[p->hand - 1];
}

static void
reply_sections(struct play *p, struct wire_writer *w)
{
	static const char *const marks[] = {"qd", "an", "ns", "ar"};
	uint16_t count[MSG_SECTIONS] = {1};
	enum msg_section last = MSG_QD;

	while (line_next_belongs(p)) {
		const char *text = p->lines[++p->at].text;
		enum msg_section s = MSG_AN;

		while (s < MSG_SECTIONS && strncmp(text, marks[s], 2) != 0)
			s++;
		if (s == MSG_SECTIONS || s < last)
			fail(p, "an, ns, ar, in this order");
		last = s;
		rr_read(p, text + 3, line_write, w);
		count[s]++;
	}
	for (int s = MSG_QD; s < MSG_SECTIONS; s++)
		msg_set_count(w, (enum msg_section)s, count[s]);
}

static void
play_reply(struct play *p)
{
	static uint8_t buf[WIRE_MSG_MAX];
	struct world_sent *s = at_hand(p);
	unsigned rcode = rcode_word(p, 1);
	unsigned other_name = option(p, 2, "name");
	unsigned other_type = option(p, 2, "type");
	uint16_t flags = (uint16_t)(rcode & 15), id = s->msg.id;
	uint8_t name[NAME_WIRE_MAX];
	struct wire_writer w;

	flags |= option(p, 2, "query") ? 0 : MSG_QR;
	flags |= (uint16_t)((option(p, 2, "aa") ? MSG_AA : 0) |
			    (option(p, 2, "tc") ? MSG_TC : 0) |
			    (option(p, 2, "ra") ? MSG_RA : 0));
	if (option(p, 2, "id"))
		id ^= 1;
	name_copy(name, s->msg.qname);
	if (option(p, 2, "letters"))
		name_lower(name, s->msg.qname);
	if (other_name)
		name_word(p, other_name + 1, name);
	wire_writer_init(&w, buf, sizeof(buf));
	msg_write_header(&w, id, flags);
	msg_write_question(&w, name,
			   other_type ? type_word(p, other_type + 1)
				      : s->msg.qtype,
			   RR_IN);
	if (option(p, 2, "bare")) {
		w.len = WIRE_HEADER_LEN;
		msg_set_count(&w, MSG_QD, 0);
	} else {
		reply_sections(p, &w);
	}
	if (rcode > 15) {
		msg_write_opt(&w, &(struct msg_opt){
					  .payload = 1232,
					  .rcode_high = (uint8_t)(rcode >> 4),
					  .ede = MSG_EDE_NONE});
		msg_set_count(&w, MSG_AR, 1);
	}
	if (w.full)
		fail(p, "too long a reply");
	p->heard = world_reply(p->world, s, buf, w.len);
}

static void
play_junk(struct play *p)
{
	static uint8_t buf[WIRE_MSG_MAX];
	struct world_sent *s = at_hand(p);
	unsigned len = number(p, 1);

	if (len < s->len || len > sizeof(buf))
		fail(p, "not a length");
	p->world->io.random(p->world, buf, len);
	memcpy(buf, s->octets, WIRE_HEADER_LEN + name_len(s->msg.qname) + 4);
	buf[2] |= 0x80;
	put16(buf + 6, 0xffff);
	p->heard = world_reply(p->world, s, buf, len);
}

static const char *
rest_of_line(const struct play *p, unsigned words)
{
	const char *text = p->lines[p->at].text;

	for (; words > 0; words--) {
		text += strcspn(text, " \t");
		text += strspn(text, " \t");
	}
	return text;
}

static void
entry_rr(struct play *p, const struct entry_rrset *r, const uint8_t *rdata,
	 uint16_t rdlen)
{
	struct rr rr = {.owner = r->owner,
			.rdata = rdata,
			.ttl = r->set.ttl,
			.type = r->set.type,
			.class = RR_IN,
			.rdlen = rdlen};
	char *have = text_from_rr(&rr), *want = NULL;

	if (!line_next_belongs(p))
		fail(p, "there is also: %s", have);
	p->at++;
	rr_read(p, p->lines[p->at].text, line_rr, &want);
	if (strcmp(have, want) != 0)
		fail(p, "there is: %s", have);
	free(have);
	free(want);
}

static void
play_got(struct play *p)
{
	const struct world_ask *a = ask_word(p, 1);
	const struct entry *e = &a->result.entry;
	unsigned flags = (option(p, 3, "partial") ? ENTRY_PARTIAL : 0u) |
			 (option(p, 3, "rebound") ? ENTRY_REBOUND : 0u);
	struct entry_rrset r;
	size_t at = 0;

	if (a->ended == 0)
		fail(p, "it has not ended");
	if (a->result.outcome != RESOLVE_ANSWER)
		fail(p, "it has failed: %s", a->result.text);
	if (e->rcode != rcode_word(p, 2))
		fail(p, "it is %s", msg_rcode_text(e->rcode));
	if (e->flags != flags)
		fail(p, "its flags are %u", e->flags);
	while (entry_next(e, &at, &r)) {
		const uint8_t *rdata;
		uint16_t rdlen;
		size_t i = 0;

		while (rrset_next(&r.set, &i, &rdata, &rdlen))
			entry_rr(p, &r, rdata, rdlen);
	}
	if (line_next_belongs(p))
		fail(p, "there are fewer RRs");
}

static void
play_failed(struct play *p)
{
	const struct world_ask *a = ask_word(p, 1);
	const char *text = rest_of_line(p, 3);

	if (a->ended == 0)
		fail(p, "it has not ended");
	if (a->result.outcome != RESOLVE_FAILED)
		fail(p, "it has not failed");
	if (a->result.ede != (int)number(p, 2) ||
	    strstr(a->result.text, text) == NULL)
		fail(p, "it says: %d %s", a->result.ede, a->result.text);
}

static void
play_waiting(struct play *p)
{
	if (ask_word(p, 1)->waiter == NULL)
		fail(p, "it does not wait");
}

static void
play_forward(struct play *p)
{
	char line[512];

	if (p->old_count == ARRAY_LEN(p->old))
		fail(p, "too many configurations");
	snprintf(line, sizeof(line), "forward: %s", rest_of_line(p, 1));
	p->old[p->old_count++] = p->world->conf;
	p->world->conf = world_conf(line);
	resolver_reconfigure(p->world->resolver, p->world->conf);
}

static void
play_counted(struct play *p)
{
	const struct resolver_stats *s = &p->world->stats;
	const struct {
		const char *name;
		const _Atomic uint64_t *counter;
	} rows[] = {
		{"asked", &s->asked},		{"coalesced", &s->coalesced},
		{"udp", &s->sent_udp},		{"tcp", &s->sent_tcp},
		{"tls", &s->sent_tls},		{"answered", &s->answered},
		{"failed", &s->failed},		{"timeouts", &s->timeouts},
		{"rebound", &s->rebound},	{"busy", &s->busy},
		{"mismatched", &s->mismatched},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].name, word(p, 1)) != 0)
			continue;
		if (*rows[i].counter != number(p, 2))
			fail(p, "it is %u", (unsigned)*rows[i].counter);
		return;
	}
	fail(p, "there is no such counter");
}

static void
play_fail_udp(struct play *p)
{
	static const struct {
		const char *name;
		int error;
	} rows[] = {
		{"none", 0}, {"ENETUNREACH", ENETUNREACH}, {"EMFILE", EMFILE}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, word(p, 1)) == 0) {
			p->world->udp_errno = rows[i].error;
			return;
		}
	fail(p, "none, ENETUNREACH or EMFILE");
}

static void
play_small(struct play *p)
{
	const char *command = p->words[0];

	if (strcmp(command, "at") == 0) {
		p->hand = number(p, 1);
	} else if (strcmp(command, "unheard") == 0) {
		if (p->heard)
			fail(p, "it was heard");
	} else if (strcmp(command, "error") == 0) {
		p->heard =
			world_error(p->world, at_hand(p), rest_of_line(p, 1));
	} else if (strcmp(command, "pass") == 0) {
		world_pass(p->world, number(p, 1));
	} else if (strcmp(command, "cancel") == 0) {
		world_cancel(p->world, number(p, 1) - 1);
	} else if (strcmp(command, "fail-streams") == 0) {
		p->world->streams_fail = true;
	} else if (strcmp(command, "down") == 0 || strcmp(command, "up") == 0) {
		if (resolver_is_down(p->world->resolver) != (command[0] == 'd'))
			fail(p, "it is not");
	} else {
		fail(p, "there is no command %s", command);
	}
}

static void
play_line(struct play *p)
{
	static const struct {
		const char *name;
		void (*fn)(struct play *p);
	} commands[] = {
		{"ask", play_ask},	   {"prefetch", play_ask},
		{"busy", play_busy},	   {"sent", play_sent},
		{"reply", play_reply},	   {"junk", play_junk},
		{"got", play_got},	   {"failed", play_failed},
		{"waiting", play_waiting}, {"forward", play_forward},
		{"counted", play_counted}, {"fail-udp", play_fail_udp},
	};

	words_split(p);
	if (p->lines[p->at].belongs)
		fail(p, "an RR that belongs to nothing");
	if (strcmp(p->words[0], "uplink") == 0) {
		size_t len = strlen(p->uplink);

		snprintf(p->uplink + len, sizeof(p->uplink) - len, "%s\n",
			 rest_of_line(p, 1));
		return;
	}
	if (p->world == NULL)
		p->world = world_new(p->uplink);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, p->words[0]) == 0) {
			commands[i].fn(p);
			return;
		}
	play_small(p);
}

/* --- files ---------------------------------------------------------------- */

static void
lines_read(struct play *p, FILE *in)
{
	char text[512];

	for (unsigned n = 1; fgets(text, sizeof(text), in) != NULL; n++) {
		size_t begin = strspn(text, " \t");
		struct line *l = &p->lines[p->count];

		text[strcspn(text, "\n")] = '\0';
		if (text[begin] == '#' || text[begin] == '\0')
			continue;
		must(p->count < LINES_MAX);
		l->number = n;
		l->belongs = begin > 0;
		strcpy(l->text, text + begin);
		p->count++;
	}
}

static void
play_file(const char *path)
{
	static struct play p;
	FILE *in = fopen(path, "r");

	must(in != NULL);
	p.file = strrchr(path, '/') + 1;
	lines_read(&p, in);
	fclose(in);
	for (p.at = 0; p.at < p.count; p.at++)
		play_line(&p);
	must(p.world != NULL);
	world_free(p.world);
	for (unsigned i = 0; i < p.old_count; i++)
		conf_free(p.old[i]);
}

static bool
run(const char *path)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		play_file(path);
		exit(0);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static int
is_scenario(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && strcmp(e->d_name + len - 4, ".scn") == 0;
}

int
main(int argc, char **argv)
{
	const char *source = getenv("PLACED_SOURCE");
	char dir[2048], path[4096];
	struct dirent **entries;
	int count, ok = 0;

	snprintf(dir, sizeof(dir), "%s/tests/replay/scenarios",
		 source != NULL ? source : ".");
	count = scandir(dir, &entries, is_scenario, alphasort);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (argc > 1 && strstr(path, argv[1]) == NULL) {
			ok++;
		} else if (run(path)) {
			ok++;
			printf("ok %d - %s\n", i + 1, entries[i]->d_name);
		} else {
			printf("not ok %d - %s\n", i + 1, entries[i]->d_name);
		}
		free(entries[i]);
	}
	printf("1..%d\n", count > 0 ? count : 1);
	if (count > 0)
		free(entries);
	return ok == count && count > 0 ? 0 : 1;
}
