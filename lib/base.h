/*
 * What every file may use: the three kinds of trouble, kept apart.
 *
 *   failure      an `enum err`, 0 is fine. Checked by the caller, logged once,
 *                where the decision is made. A `struct diag` beside it carries
 *                the sentence a person reads (file, line, key, rule).
 *   DNS outcome  an rcode, an EDE, a drop, a truncation: a value in the query,
 *                never an `enum err`.
 *   invariant    must(x): always compiled in, never on bytes that came from
 *                the wire, the disk or the configuration.
 */
#ifndef PLACED_LIB_BASE_H
#define PLACED_LIB_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum err {
	ERR_OK = 0,
	ERR_NOMEM,    /* memory, or an arena, is used up */
	ERR_FULL,     /* store-limit reached, or the disk is full */
	ERR_IO,	      /* the disk or the network failed; errno is in the diag */
	ERR_CORRUPT,  /* stored bytes break the format */
	ERR_VERSION,  /* store of another schema version */
	ERR_NOTFOUND, /* no such name, zone, key or file */
	ERR_EXISTS,   /* there already */
	ERR_SYNTAX,   /* text or wire that cannot be read */
	ERR_RANGE,    /* readable, but out of range or too long */
	ERR_RULE,     /* against a rule of DNS: CNAME beside other data, ... */
	ERR_DENIED,   /* not permitted */
	ERR_BUSY,     /* somebody else holds it: a port, a store, a zone */
};

/* A short lower-case phrase, never NULL. */
const char *err_text(enum err e);

/* e itself: a call may stand where its value is not used. */
static inline enum err
err_pass(enum err e)
{
	return e;
}

/* One sentence for a person. Always NUL-terminated, cut when too long. */
struct diag {
	char text[512];
};

/*
 * Writes the sentence; a NULL d is allowed and ignored. Returns e, so that a
 * failure is one line: return diag_set(d, ERR_RANGE, "...", ...);
 */
#define diag_set(d, e, ...) (diag_write((d), __VA_ARGS__), err_pass(e))

/* The sentence alone; errno stays what it was. */
void diag_write(struct diag *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts "prefix: " in front of what is there. */
void diag_prefix(struct diag *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

_Noreturn void must_fail(const char *what, const char *file, int line);

#define must(x) ((x) ? (void)0 : must_fail(#x, __FILE__, __LINE__))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Big-endian loads and stores (network order); p needs no alignment. */
static inline uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
get64(const uint8_t *p)
{
	return (uint64_t)get32(p) << 32 | get32(p + 4);
}

static inline void
put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

static inline void
put64(uint8_t *p, uint64_t v)
{
	put32(p, (uint32_t)(v >> 32));
	put32(p + 4, (uint32_t)v);
}

#endif
