/*
 * Reading and writing DNS messages, bounded at every step, without malloc.
 *
 * A reader is sticky: after the first octet that is not there, or the first
 * pointer that is not allowed, `bad` is set, every further read gives zeros,
 * and the caller looks at `bad` once, at the end. Compression pointers may
 * only point backward, to a place before the name they occur in; what is there
 * must end before that name begins; and every step is paid from `work`, so that
 * no message costs more than a bounded time.
 *
 * A writer is sticky too: what does not fit sets `full`, and wire_rollback()
 * takes back what was written since a mark.
 */
#ifndef PLACED_LIB_WIRE_H
#define PLACED_LIB_WIRE_H

#include "lib/base.h"
#include "lib/name.h"

#define WIRE_MSG_MAX 65535
#define WIRE_HEADER_LEN 12

struct wire_reader {
	const uint8_t *msg; /* the whole message: pointers count from here */
	size_t end;	    /* octets that may be read */
	size_t pos;	    /* next octet */
	unsigned work;	    /* label steps left before `bad` */
	bool bad;
};

/* work is set in proportion to len: enough for any honest message. */
void wire_reader_init(struct wire_reader *r, const uint8_t *msg, size_t len);
uint8_t wire_read8(struct wire_reader *r);
uint16_t wire_read16(struct wire_reader *r);
uint32_t wire_read32(struct wire_reader *r);

/* len octets in the message, or NULL and bad. */
const uint8_t *wire_read_octets(struct wire_reader *r, size_t len);
void wire_skip(struct wire_reader *r, size_t len);

/* Pointers in one name; more are a fault. */
#define WIRE_JUMPS_MAX 128

/* A name, decompressed into dst (NAME_WIRE_MAX octets); returns its length, 0
 * if bad. */
size_t wire_read_name(struct wire_reader *r, uint8_t *dst);

/* Passes a name with the same checks, keeping nothing. */
void wire_skip_name(struct wire_reader *r);

/* Suffixes that later names may point to; beyond this many, no further ones
 * are taken up. */
#define WIRE_TARGETS_MAX 128
#define WIRE_BUCKETS 64

/*
 * Suffixes already written, as a tree of labels from the root down; a hash of
 * parent and label finds a child. So a name is matched label by label from its
 * right end, and each step compares one label with one place in buf:
 *
 *     offset 12: 04 lamp 06 lounge 04 home 00
 *
 *     target 1: home   at 24, parent 0 (the root)
 *     target 2: lounge at 17, parent 1
 *     target 3: lamp   at 12, parent 2
 *
 * The first name, in practice the question, is compared as a whole before;
 * its suffixes enter the tree only once another name comes along.
 */
struct wire_target {
	uint16_t offset; /* of the label in buf, below 0x4000 */
	uint8_t parent;	 /* number of the target behind this label, 0: root */
	uint8_t next;	 /* next target in the same bucket, 0: none */
	uint8_t bucket;
};

struct wire_writer {
	uint8_t *buf; /* owned by the caller */
	size_t limit; /* octets that may be written, at most WIRE_MSG_MAX */
	size_t len;   /* octets written */
	size_t first; /* offset of the first name written in full, if any */
	bool has_first;
	bool full;
	unsigned targets; /* in use: numbers 1 to this */
	unsigned work; /* label comparisons left; then names go out in full */
	/* What is behind the first label of a name that was written lately: its
	 * target, and its octets, which stand there in full. 0: none. */
	unsigned parent;
	size_t parent_len;
	uint8_t bucket[WIRE_BUCKETS];
	struct wire_target target[WIRE_TARGETS_MAX + 1]; /* 0 is the root */
};

void wire_writer_init(struct wire_writer *w, uint8_t *buf, size_t limit);
void wire_write8(struct wire_writer *w, uint8_t v);
void wire_write16(struct wire_writer *w, uint16_t v);
void wire_write32(struct wire_writer *w, uint32_t v);
void wire_write_octets(struct wire_writer *w, const void *from, size_t len);

/* What stands between an RR's owner and its RDLENGTH (RFC 1035 3.2.1). */
void wire_write_rr(struct wire_writer *w, uint16_t type, uint16_t rr_class,
		   uint32_t ttl);

/* A name in full; its suffixes become targets (offsets below 0x4000). */
void wire_write_name(struct wire_writer *w, const uint8_t *name);

/* The same, ending in a pointer where a suffix is already there. Comparison
 * ignores case (RFC 1035 4.1.4, RFC 4343). */
void wire_write_name_compressed(struct wire_writer *w, const uint8_t *name);

/* Declares that the name in full at buf[offset] may be pointed to. */
void wire_target(struct wire_writer *w, size_t offset);

struct wire_mark {
	size_t len;
	unsigned targets;
};

struct wire_mark wire_mark(const struct wire_writer *w);

/* Back to the mark; clears `full`. */
void wire_rollback(struct wire_writer *w, struct wire_mark m);

#endif
