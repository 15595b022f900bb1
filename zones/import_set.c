#include "zones/import_parts.h"

#include "zones/export.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err
out_of_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
}

void
import_set_init(struct import_set *s, const uint8_t *apex)
{
	memset(s, 0, sizeof(*s));
	arena_init_growing(&s->arena);
	name_lower(s->apex, apex);
}

void
import_set_free(struct import_set *s)
{
	arena_free(&s->arena);
	free(s->rrs);
	memset(s, 0, sizeof(*s));
}

enum err
import_fail(struct diag *d, enum err e, const struct import_rr *at,
	    const char *fmt, ...)
{
	char owner[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX], what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	name_to_text(owner, at->rr.owner);
	return diag_set(d, e, "%s:%u: %.255s %s: %s", at->place.file,
			at->place.line, owner,
			rr_type_to_text(type, at->rr.type), what);
}

/* --- adding --------------------------------------------------------------- */

static bool
set_room(struct import_set *s)
{
	size_t room = s->room ? s->room * 2 : 1024;
	struct import_rr *rrs;

	if (s->count < s->room)
		return true;
	rrs = realloc(s->rrs, room * sizeof(*rrs));
	if (!rrs)
		return false;
	s->rrs = rrs;
	s->room = room;
	return true;
}

/* RRs of one owner and of one file tend to follow each other. */
static const uint8_t *
keep_owner(struct import_set *s, const uint8_t *owner)
{
	uint8_t lower[NAME_WIRE_MAX];
	size_t len = name_lower(lower, owner);
	const uint8_t *last = s->count ? s->rrs[s->count - 1].rr.owner : NULL;

	if (last && name_equal(last, lower))
		return last;
	return arena_copy(&s->arena, lower, len);
}

static const char *
keep_file(struct import_set *s, const char *file)
{
	const char *last = s->count ? s->rrs[s->count - 1].place.file : NULL;

	if (last && strcmp(last, file) == 0)
		return last;
	return arena_copy(&s->arena, file, strlen(file) + 1);
}

enum err
import_set_add(void *set, const struct rr *rr, struct text_place place,
	       struct diag *d)
{
	struct import_set *s = set;
	struct import_rr *to;

	if (s->count == UINT32_MAX || !set_room(s))
		return out_of_memory(d);
	to = &s->rrs[s->count];
	to->rr = *rr;
	to->order = (uint32_t)s->count;
	to->place.line = place.line;
	to->place.file = keep_file(s, place.file);
	to->rr.owner = keep_owner(s, rr->owner);
	to->rr.rdata = arena_copy(&s->arena, rr->rdata, rr->rdlen);
	if (!to->place.file || !to->rr.owner || !to->rr.rdata)
		return out_of_memory(d);
	s->count++;
	return ERR_OK;
}

/* --- order ---------------------------------------------------------------- */

static int
rr_place_cmp(const struct rr *a, const struct rr *b)
{
	int order = a->owner == b->owner ? 0 : name_cmp(a->owner, b->owner);

	if (order != 0)
		return order;
	return (a->type > b->type) - (a->type < b->type);
}

static int
rr_order(const void *a, const void *b)
{
	const struct import_rr *x = a, *y = b;
	int order = rr_place_cmp(&x->rr, &y->rr);

	if (order == 0)
		order = rr_rdata_cmp(x->rr.type, x->rr.rdata, x->rr.rdlen,
				     y->rr.rdata, y->rr.rdlen);
	return order != 0 ? order
			  : (x->order > y->order) - (x->order < y->order);
}

/* Keeps the first of equal RRs. */
static void
drop_duplicates(struct import_set *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct rr *rr = &s->rrs[i].rr;
		const struct rr *last = kept ? &s->rrs[kept - 1].rr : NULL;

		if (last && rr_place_cmp(last, rr) == 0 &&
		    rr_rdata_cmp(rr->type, last->rdata, last->rdlen, rr->rdata,
				 rr->rdlen) == 0)
			continue;
		s->rrs[kept++] = s->rrs[i];
	}
	s->count = kept;
}

/* RRs from `at` on that are one RRset. */
static size_t
rrset_count(const struct import_set *s, size_t at)
{
	size_t n = 1;

	while (at + n < s->count &&
	       rr_place_cmp(&s->rrs[at].rr, &s->rrs[at + n].rr) == 0)
		n++;
	return n;
}

size_t
import_set_owner(const struct import_set *s, size_t at)
{
	size_t n = 1;

	while (at + n < s->count &&
	       (s->rrs[at].rr.owner == s->rrs[at + n].rr.owner ||
		name_equal(s->rrs[at].rr.owner, s->rrs[at + n].rr.owner)))
		n++;
	return n;
}

static void
share_ttl(struct import_rr *rrs, size_t count)
{
	const struct import_rr *first = rrs;
	uint32_t ttl;

	for (size_t i = 1; i < count; i++)
		if (rrs[i].order < first->order)
			first = &rrs[i];
	ttl = first->rr.ttl;
	for (size_t i = 0; i < count; i++)
		rrs[i].rr.ttl = ttl;
}

/* --- rules ---------------------------------------------------------------- */

/* Entries of `_export` and `_reach`, which an edit would check, too. */
static enum err
check_lists(const struct import_set *s, const struct import_rr *rrs,
	    size_t count, struct diag *d)
{
	struct diag why;
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < count; i++) {
		const struct rr *rr = &rrs[i].rr;

		e = export_check(rr->owner, s->apex, rr->type, rr->rdata,
				 rr->rdlen, &why);
		if (e != ERR_OK)
			import_fail(d, e, &rrs[i], "%s", why.text);
	}
	return e;
}

static enum err
check_rrset(const struct import_set *s, const struct import_rr *rrs,
	    size_t count, const struct edit_limits *limits, struct diag *d)
{
	const struct import_rr *last = &rrs[count - 1];

	if (rr_type_is_meta(rrs->rr.type))
		return import_fail(d, ERR_RULE, rrs,
				   "this type cannot be in a zone");
	if (rrs->rr.type == RR_SOA && !name_equal(rrs->rr.owner, s->apex))
		return import_fail(d, ERR_RULE, rrs,
				   "an SOA belongs to the apex alone");
	if (count > 1 && rr_type_is_singleton(rrs->rr.type))
		return import_fail(d, ERR_RULE, last,
				   "there can be only one at a name");
	if (limits && limits->rrset_limit && count > limits->rrset_limit)
		return import_fail(d, ERR_RULE, last,
				   "more RRs than rrset-limit allows (%u)",
				   limits->rrset_limit);
	return check_lists(s, rrs, count, d);
}

static bool
may_stand_beside_cname(uint16_t type)
{
	return type == RR_CNAME || type == RR_RRSIG || type == RR_NSEC ||
	       type == RR_KEY;
}

/* What holds among the types of one owner. */
static enum err
check_types(const struct import_set *s, const struct import_rr *rrs,
	    size_t count, struct diag *d)
{
	const struct import_rr *cname = NULL, *dname = NULL, *ns = NULL;
	bool is_apex = name_equal(rrs->rr.owner, s->apex);

	if (edit_name_reserved(rrs->rr.owner, s->apex))
		return import_fail(d, ERR_RULE, rrs,
				   "the name is answered by a search and "
				   "holds no data");
	for (size_t i = 0; i < count; i++) {
		if (rrs[i].rr.type == RR_CNAME)
			cname = &rrs[i];
		if (rrs[i].rr.type == RR_DNAME)
			dname = &rrs[i];
		if (rrs[i].rr.type == RR_NS)
			ns = &rrs[i];
	}
	for (size_t i = 0; cname && i < count; i++)
		if (!may_stand_beside_cname(rrs[i].rr.type))
			return import_fail(d, ERR_RULE, &rrs[i],
					   "no other data beside a CNAME (RFC "
					   "2181 10.1; it is in line %u)",
					   cname->place.line);
	if (dname && ns && !is_apex)
		return import_fail(d, ERR_RULE, dname,
				   "not beside NS but at the apex (RFC 6672 "
				   "2.3)");
	return ERR_OK;
}

static enum err
check_owner(const struct import_set *s, size_t at, size_t count,
	    const struct edit_limits *limits, struct diag *d)
{
	enum err e = check_types(s, s->rrs + at, count, d);
	unsigned types = 0;
	size_t n;

	for (size_t i = 0; e == ERR_OK && i < count; i += n) {
		n = rrset_count(s, at + i);
		share_ttl(s->rrs + at + i, n);
		e = check_rrset(s, s->rrs + at + i, n, limits, d);
		if (e == ERR_OK && limits && limits->types_limit &&
		    ++types > limits->types_limit)
			e = import_fail(d, ERR_RULE, &s->rrs[at + i],
					"more types than types-limit allows "
					"(%u)",
					limits->types_limit);
	}
	return e;
}

static bool
apex_has(const struct import_set *s, uint16_t type)
{
	size_t n = s->count ? import_set_owner(s, 0) : 0;

	for (size_t i = 0; i < n; i++)
		if (s->rrs[i].rr.type == type &&
		    name_equal(s->rrs[i].rr.owner, s->apex))
			return true;
	return false;
}

const struct import_rr *
import_set_soa(const struct import_set *s)
{
	size_t i = 0;

	/* a finished set has one, and the apex is its first owner */
	while (s->rrs[i].rr.type != RR_SOA)
		must(++i < s->count);
	return &s->rrs[i];
}

enum err
import_set_finish(struct import_set *s, const struct edit_limits *limits,
		  struct diag *d)
{
	const char *file = s->count ? s->rrs[0].place.file : NULL;
	char apex[NAME_TEXT_MAX];
	enum err e = ERR_OK;
	size_t n;

	if (s->count > 0)
		qsort(s->rrs, s->count, sizeof(*s->rrs), rr_order);
	drop_duplicates(s);
	for (size_t i = 0; e == ERR_OK && i < s->count; i += n) {
		n = import_set_owner(s, i);
		e = check_owner(s, i, n, limits, d);
	}
	if (e != ERR_OK)
		return e;
	name_to_text(apex, s->apex);
	if (!apex_has(s, RR_SOA))
		e = diag_set(d, ERR_RULE, "%.255s SOA: the file has none",
			     apex);
	else if (!apex_has(s, RR_NS))
		e = diag_set(d, ERR_RULE, "%.255s NS: the file has none", apex);
	if (e != ERR_OK && file)
		diag_prefix(d, "%s", file);
	return e;
}

/* --- the stream ----------------------------------------------------------- */

static bool
write_rr(FILE *out, const struct import_rr *rr)
{
	uint8_t fixed[12];

	put16(fixed, rr->rr.type);
	put32(fixed + 2, rr->rr.ttl);
	put32(fixed + 6, rr->place.line);
	put16(fixed + 10, rr->rr.rdlen);
	fwrite(rr->rr.owner, 1, name_len(rr->rr.owner), out);
	fwrite(fixed, 1, sizeof(fixed), out);
	fwrite(rr->rr.rdata, 1, rr->rr.rdlen, out);
	return ferror(out) == 0;
}

/* A stream of our own on fd, which stays the caller's. */
static FILE *
stream_open(int fd, const char *mode)
{
	int own = dup(fd);
	FILE *f = own < 0 ? NULL : fdopen(own, mode);

	if (!f && own >= 0)
		close(own);
	return f;
}

enum err
import_set_write(const struct import_set *s, int fd, struct diag *d)
{
	FILE *out = stream_open(fd, "wb");
	bool fine = out != NULL;

	for (size_t i = 0; fine && i < s->count; i++)
		fine = write_rr(out, &s->rrs[i]);
	if (out && fclose(out) != 0)
		fine = false;
	return fine ? ERR_OK
		    : diag_set(d, ERR_IO, "records cannot be handed over: %s",
			       strerror(errno));
}

enum stream_end {
	STREAM_RR,
	STREAM_END,
	STREAM_BROKEN
};

/* Label by label, so that nothing beyond the name is taken. */
static enum stream_end
read_owner(FILE *in, uint8_t *owner)
{
	size_t len = 0, used;
	int c = getc(in);

	if (c == EOF)
		return STREAM_END;
	while (c > 0 && c <= NAME_LABEL_MAX && len + 2 + (size_t)c <= 255) {
		owner[len++] = (uint8_t)c;
		if (fread(owner + len, 1, (size_t)c, in) != (size_t)c)
			return STREAM_BROKEN;
		len += (size_t)c;
		c = getc(in);
	}
	if (c != 0)
		return STREAM_BROKEN;
	owner[len++] = 0;
	return name_valid(owner, len, &used) ? STREAM_RR : STREAM_BROKEN;
}

static enum stream_end
read_rr(FILE *in, const struct import_set *s, struct import_rr *rr,
	uint8_t *owner, uint8_t *rdata)
{
	enum stream_end end = read_owner(in, owner);
	uint8_t fixed[12];

	if (end != STREAM_RR)
		return end;
	if (fread(fixed, 1, sizeof(fixed), in) != sizeof(fixed))
		return STREAM_BROKEN;
	rr->rr.owner = owner;
	rr->rr.rdata = rdata;
	rr->rr.type = get16(fixed);
	rr->rr.class = RR_IN;
	rr->rr.ttl = get32(fixed + 2);
	rr->place.line = get32(fixed + 6);
	rr->rr.rdlen = get16(fixed + 10);
	if (fread(rdata, 1, rr->rr.rdlen, in) != rr->rr.rdlen)
		return STREAM_BROKEN;
	return rr->rr.ttl <= INT32_MAX && !rr_type_is_meta(rr->rr.type) &&
			       name_at_or_below(owner, s->apex) &&
			       rr_rdata_valid(rr->rr.type, rdata, rr->rr.rdlen)
		       ? STREAM_RR
		       : STREAM_BROKEN;
}

enum err
import_set_read(struct import_set *s, int fd, const char *name, struct diag *d)
{
	uint8_t owner[NAME_WIRE_MAX], *rdata;
	struct import_rr rr = {.place.file = name};
	enum stream_end end = STREAM_RR;
	struct stat st;
	enum err e = ERR_OK;
	FILE *in;

	/* a pipe could make us wait for ever */
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    lseek(fd, 0, SEEK_SET) != 0)
		return diag_set(d, ERR_SYNTAX,
				"records must come in a regular file");
	in = stream_open(fd, "rb");
	rdata = malloc(RR_RDATA_MAX);
	while (in && rdata && e == ERR_OK && end == STREAM_RR) {
		end = read_rr(in, s, &rr, owner, rdata);
		if (end == STREAM_RR)
			e = import_set_add(s, &rr.rr, rr.place, d);
	}
	if (!in || !rdata)
		e = out_of_memory(d);
	else if (end == STREAM_BROKEN)
		e = diag_set(d, ERR_SYNTAX,
			     "record %zu of the stream is broken",
			     s->count + 1);
	free(rdata);
	if (in)
		fclose(in);
	return e;
}
