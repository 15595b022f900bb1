#include "lib/wire.h"

#include <string.h>

#define POINTER 0xc0	     /* top bits of a pointer's first octet */
#define POINTER_LIMIT 0x4000 /* a pointer has 14 bits */

/*
 * Four steps an octet: the dearest honest message is a list of deletions of
 * one long reverse name, 12 octets each and 34 labels to walk.
 */
#define READ_WORK_BASE 1024
#define READ_WORK_PER_OCTET 4

#define WRITE_WORK_BASE 1024
#define WRITE_WORK_PER_OCTET 2

void
wire_reader_init(struct wire_reader *r, const uint8_t *msg, size_t len)
{
	if (len > WIRE_MSG_MAX)
		len = WIRE_MSG_MAX;
	r->msg = msg;
	r->end = len;
	r->pos = 0;
	r->work = READ_WORK_BASE + READ_WORK_PER_OCTET * (unsigned)len;
	r->bad = false;
}

const uint8_t *
wire_read_octets(struct wire_reader *r, size_t len)
{
	const uint8_t *p = r->msg + r->pos;

	if (r->bad || len > r->end - r->pos) {
		r->bad = true;
		return NULL;
	}
	r->pos += len;
	return p;
}

void
wire_skip(struct wire_reader *r, size_t len)
{
	(void)wire_read_octets(r, len);
}

uint8_t
wire_read8(struct wire_reader *r)
{
	const uint8_t *p = wire_read_octets(r, 1);

	return p != NULL ? p[0] : 0;
}

uint16_t
wire_read16(struct wire_reader *r)
{
	const uint8_t *p = wire_read_octets(r, 2);

	return p != NULL ? get16(p) : 0;
}

uint32_t
wire_read32(struct wire_reader *r)
{
	const uint8_t *p = wire_read_octets(r, 4);

	return p != NULL ? get32(p) : 0;
}

/* Where a name stands while it is walked, run of labels by run of labels. */
struct walk {
	size_t pos;   /* of the run: labels up to a pointer or the root */
	size_t bound; /* the run must end before */
	size_t used;  /* octets of the name so far */
	unsigned jumps;
};

/* Passes a run of labels; false if it is faulty. `pos` then stands on the
 * octet that ended it: a root label or the first of a pointer. */
static bool
run_pass(struct wire_reader *r, struct walk *w)
{
	for (;;) {
		uint8_t label;

		if (w->pos >= w->bound || r->work == 0)
			return false;
		r->work--;
		label = r->msg[w->pos];
		if (label == 0 || label >= POINTER)
			return true;
		if (label > NAME_LABEL_MAX)
			return false;
		w->pos += 1 + (size_t)label;
		w->used += 1 + (size_t)label;
		if (w->used >= NAME_WIRE_MAX)
			return false;
	}
}

/* Follows the pointer that ended the run which began at `start`. */
static bool
pointer_follow(struct wire_reader *r, struct walk *w, size_t start)
{
	size_t to;

	if (w->bound - w->pos < 2 || ++w->jumps > WIRE_JUMPS_MAX)
		return false;
	to = get16(r->msg + w->pos) & (POINTER_LIMIT - 1);
	if (to >= start || to < WIRE_HEADER_LEN)
		return false;
	w->pos = to;
	w->bound = start;
	return true;
}

/* dst may be NULL: then only the checks are made. */
static size_t
name_walk(struct wire_reader *r, uint8_t *dst)
{
	struct walk w = {.pos = r->pos, .bound = r->end};
	size_t after = 0;

	if (r->bad)
		return 0;
	for (;;) {
		size_t start = w.pos, used = w.used;

		if (!run_pass(r, &w))
			break;
		if (dst != NULL)
			memcpy(dst + used, r->msg + start, w.pos - start);
		if (r->msg[w.pos] == 0) {
			if (dst != NULL)
				dst[w.used] = 0;
			r->pos = after != 0 ? after : w.pos + 1;
			return w.used + 1;
		}
		if (after == 0)
			after = w.pos + 2;
		if (!pointer_follow(r, &w, start))
			break;
	}
	r->bad = true;
	return 0;
}

size_t
wire_read_name(struct wire_reader *r, uint8_t *dst)
{
	return name_walk(r, dst);
}

void
wire_skip_name(struct wire_reader *r)
{
	(void)name_walk(r, NULL);
}

/* --- writing ------------------------------------------------------------ */

void
wire_writer_init(struct wire_writer *w, uint8_t *buf, size_t limit)
{
	if (limit > WIRE_MSG_MAX)
		limit = WIRE_MSG_MAX;
	w->buf = buf;
	w->limit = limit;
	w->len = 0;
	w->first = 0;
	w->has_first = false;
	w->full = false;
	w->targets = 0;
	w->parent = 0;
	w->work = WRITE_WORK_BASE + WRITE_WORK_PER_OCTET * (unsigned)limit;
	memset(w->bucket, 0, sizeof(w->bucket));
}

/* len octets to fill, or NULL and full. */
static uint8_t *
room_take(struct wire_writer *w, size_t len)
{
	uint8_t *p = w->buf + w->len;

	if (w->full || w->len > w->limit || len > w->limit - w->len) {
		w->full = true;
		return NULL;
	}
	w->len += len;
	return p;
}

void
wire_write8(struct wire_writer *w, uint8_t v)
{
	uint8_t *p = room_take(w, 1);

	if (p != NULL)
		p[0] = v;
}

void
wire_write16(struct wire_writer *w, uint16_t v)
{
	uint8_t *p = room_take(w, 2);

	if (p != NULL)
		put16(p, v);
}

void
wire_write32(struct wire_writer *w, uint32_t v)
{
	uint8_t *p = room_take(w, 4);

	if (p != NULL)
		put32(p, v);
}

void
wire_write_octets(struct wire_writer *w, const void *from, size_t len)
{
	uint8_t *p = room_take(w, len);

	if (p != NULL && len > 0)
		memcpy(p, from, len);
}

void
wire_write_rr(struct wire_writer *w, uint16_t type, uint16_t rr_class,
	      uint32_t ttl)
{
	uint8_t *p = room_take(w, 8);

	if (p == NULL)
		return;
	put16(p, type);
	put16(p + 2, rr_class);
	put32(p + 4, ttl);
}

/* Labels of a name, to be gone through from the right. */
struct labels {
	const uint8_t *name;
	size_t len;  /* octets with the root label */
	unsigned at; /* labels not yet gone through */
	uint8_t start[NAME_LABELS_MAX];
};

static void
labels_init(struct labels *l, const uint8_t *name)
{
	size_t pos = 0;

	l->name = name;
	l->at = 0;
	while (name[pos] != 0) {
		l->start[l->at++] = (uint8_t)pos;
		pos += 1 + (size_t)name[pos];
	}
	l->len = pos + 1;
}

/* Length and three octets tell enough labels apart; the comparison follows. */
static unsigned
label_bucket(const uint8_t *label, unsigned parent)
{
	unsigned len = label[0];
	uint32_t h = parent << 24 | len << 18;

	h ^= (uint32_t)name_lower_octet(label[1]) << 12;
	h ^= (uint32_t)name_lower_octet(label[1 + len / 2]) << 6;
	h ^= name_lower_octet(label[len]);
	return h * 0x9e3779b1 >> 26;
}

_Static_assert(WIRE_BUCKETS == 1 << (32 - 26), "a bucket number has 6 bits");

static bool
label_equal(const uint8_t *a, const uint8_t *b)
{
	if (*a != *b)
		return false;
	if (memcmp(a, b, 1u + *a) == 0)
		return true;
	for (unsigned n = 1u + *a; n > 0; n--, a++, b++)
		if (name_lower_octet(*a) != name_lower_octet(*b))
			return false;
	return true;
}

/* The child of parent that has this label; 0: none, or no work left. */
static unsigned
target_find(struct wire_writer *w, unsigned bucket, unsigned parent,
	    const uint8_t *label)
{
	unsigned i;

	for (i = w->bucket[bucket]; i != 0; i = w->target[i].next) {
		const struct wire_target *t = &w->target[i];

		if (w->work == 0)
			return 0;
		w->work--;
		if (t->parent == parent &&
		    label_equal(w->buf + t->offset, label))
			return i;
	}
	return 0;
}

/* The names of an answer mostly are siblings: then all but the first label is
 * known at once. Returns its target, or 0. */
static unsigned
parent_match(struct wire_writer *w, struct labels *l)
{
	size_t start = l->at > 1 ? l->start[1] : 0;

	if (w->parent == 0 || w->work == 0 || start == 0 ||
	    l->len - start != w->parent_len ||
	    memcmp(l->name + start, w->buf + w->target[w->parent].offset,
		   w->parent_len) != 0)
		return 0;
	w->work--;
	l->at = 1;
	return w->parent;
}

/* For the next one. There are no pointers in what is equal to a name's end. */
static void
parent_keep(struct wire_writer *w, const struct labels *l, unsigned target)
{
	size_t start = l->start[1], len = l->len - start;
	size_t offset = w->target[target].offset;

	if (offset + len > w->len ||
	    memcmp(l->name + start, w->buf + offset, len) != 0)
		return;
	w->parent = target;
	w->parent_len = len;
}

/* Goes through the labels from the right as far as they are known; returns
 * the target of the longest known suffix, 0 if it is the root. */
static unsigned
labels_match(struct wire_writer *w, struct labels *l)
{
	unsigned found = parent_match(w, l);

	while (l->at > 0) {
		const uint8_t *label = l->name + l->start[l->at - 1];
		unsigned bucket = label_bucket(label, found);
		unsigned child = target_find(w, bucket, found, label);

		if (child == 0)
			break;
		found = child;
		if (--l->at == 1)
			parent_keep(w, l, found);
	}
	return found;
}

/* Makes targets of the labels left over by labels_match(); the name's labels
 * stand at buf[offset]. */
static void
labels_declare(struct wire_writer *w, struct labels *l, unsigned parent,
	       size_t offset)
{
	while (l->at > 0 && w->targets < WIRE_TARGETS_MAX && w->work > 0) {
		unsigned start = l->start[--l->at];
		unsigned bucket = label_bucket(l->name + start, parent);

		if (offset + start >= POINTER_LIMIT)
			return;
		w->target[++w->targets] = (struct wire_target){
			.offset = (uint16_t)(offset + start),
			.parent = (uint8_t)parent,
			.next = w->bucket[bucket],
			.bucket = (uint8_t)bucket,
		};
		w->bucket[bucket] = (uint8_t)w->targets;
		parent = w->targets;
	}
}

static void
name_declare(struct wire_writer *w, const uint8_t *name, size_t offset)
{
	struct labels l;
	unsigned parent;

	labels_init(&l, name);
	parent = labels_match(w, &l);
	labels_declare(w, &l, parent, offset);
}

/* The first name waits outside of the tree until a second one comes. */
static void
first_declare(struct wire_writer *w)
{
	if (w->targets == 0 && w->has_first)
		name_declare(w, w->buf + w->first, w->first);
}

void
wire_target(struct wire_writer *w, size_t offset)
{
	/* What did not fit is not there to be pointed to, and a pointer to the
	 * root would be longer than the root. */
	if (w->full || w->buf[offset] == 0)
		return;
	if (!w->has_first && offset < POINTER_LIMIT) {
		w->first = offset;
		w->has_first = true;
		return;
	}
	first_declare(w);
	name_declare(w, w->buf + offset, offset);
}

void
wire_write_name(struct wire_writer *w, const uint8_t *name)
{
	size_t offset = w->len;

	wire_write_octets(w, name, name_len(name));
	wire_target(w, offset);
}

void
wire_write_name_compressed(struct wire_writer *w, const uint8_t *name)
{
	struct labels l;
	unsigned parent;
	size_t offset = w->len, own;

	if (!w->has_first || *name == 0) {
		wire_write_name(w, name);
		return;
	}
	if (name_equal(w->buf + w->first, name)) {
		wire_write16(w, (uint16_t)(POINTER << 8 | w->first));
		return;
	}
	first_declare(w);
	labels_init(&l, name);
	parent = labels_match(w, &l);
	own = l.at < 1 ? 0 : l.start[l.at - 1] + 1u + name[l.start[l.at - 1]];
	if (parent == 0) {
		wire_write_octets(w, name, l.len);
	} else {
		uint8_t *p = room_take(w, own + 2);

		if (p == NULL)
			return;
		memcpy(p, name, own);
		put16(p + own,
		      (uint16_t)(POINTER << 8 | w->target[parent].offset));
	}
	if (!w->full)
		labels_declare(w, &l, parent, offset);
}

struct wire_mark
wire_mark(const struct wire_writer *w)
{
	return (struct wire_mark){.len = w->len, .targets = w->targets};
}

void
wire_rollback(struct wire_writer *w, struct wire_mark m)
{
	must(m.len <= w->len && m.targets <= w->targets);
	/* The newest target is always the head of its bucket. */
	for (; w->targets > m.targets; w->targets--) {
		struct wire_target *t = &w->target[w->targets];

		w->bucket[t->bucket] = t->next;
	}
	w->len = m.len;
	w->full = false;
	if (w->parent > w->targets)
		w->parent = 0;
	if (w->first >= m.len)
		w->has_first = false;
}
