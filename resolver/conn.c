#include "resolver/conn.h"

#include "resolver/resolve_internal.h"

#include <stdlib.h>

#define BUCKETS 256

struct conn {
	const struct resolver_io *io;
	struct net_addr to;
	const char *tls_name;
	conn_fn *fn;
	_Atomic uint64_t *strays;
	struct io_stream *stream; /* NULL: closed */
	bool heard;
	uint64_t heard_at;
	struct conn_ask *bucket[BUCKETS]; /* by the low octet of the ID */
};

struct conn *
conn_new(const struct resolver_io *io, const struct net_addr *to,
	 const char *tls_name, conn_fn *fn, _Atomic uint64_t *strays)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->io = io;
	c->to = *to;
	c->tls_name = tls_name;
	c->fn = fn;
	c->strays = strays;
	return c;
}

void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < BUCKETS; i++)
		must(c->bucket[i] == NULL);
	if (c->stream != NULL)
		c->io->stream_close(c->io->ctx, c->stream);
	free(c);
}

static struct conn_ask *
conn_find(const struct conn *c, uint16_t id)
{
	struct conn_ask *a = c->bucket[id % BUCKETS];

	while (a != NULL && a->id != id)
		a = a->next;
	return a;
}

bool
conn_has(const struct conn *c, uint16_t id)
{
	return conn_find(c, id) != NULL;
}

/* Puts a at the head of a list. */
static void
ask_link(struct conn_ask **head, struct conn_ask *a)
{
	a->next = *head;
	a->link = head;
	if (a->next != NULL)
		a->next->link = &a->next;
	*head = a;
}

void
conn_forget(struct conn_ask *a)
{
	if (a->conn == NULL)
		return;
	*a->link = a->next;
	if (a->next != NULL)
		a->next->link = a->link;
	a->conn = NULL;
}

static void
conn_message(struct conn *c, const uint8_t *octets, size_t len)
{
	struct conn_ask *a = NULL;

	if (len >= WIRE_HEADER_LEN)
		a = conn_find(c, get16(octets));
	if (a == NULL) {
		resolver_count(c->strays);
		return;
	}
	c->heard = true;
	c->heard_at = c->io->now_ms(c->io->ctx);
	c->fn(a, IO_MESSAGE, octets, len, NULL);
}

/* Whoever is told may ask again at once, on a connection that is then new: so
 * those who are to be told leave the table first. */
static void
conn_lose(struct conn *c, enum conn_end end, const char *text)
{
	struct conn_ask *lost = NULL, *a;

	c->io->stream_close(c->io->ctx, c->stream);
	c->stream = NULL;
	for (unsigned i = 0; i < BUCKETS; i++)
		while ((a = c->bucket[i]) != NULL) {
			conn_forget(a);
			ask_link(&lost, a);
			a->conn = c;
			a->end = (uint8_t)end;
		}
	while ((a = lost) != NULL) {
		conn_forget(a);
		c->fn(a, IO_ERROR, NULL, 0, text);
	}
}

static void
conn_event(void *arg, enum io_event ev, const uint8_t *octets, size_t len,
	   const char *text)
{
	struct conn *c = arg;

	if (ev == IO_MESSAGE)
		conn_message(c, octets, len);
	else
		conn_lose(c, c->heard ? CONN_CLOSED : CONN_USELESS, text);
}

bool
conn_send(struct conn *c, struct conn_ask *a, const uint8_t *msg, size_t len)
{
	if (c->stream == NULL) {
		c->heard = false;
		c->stream = c->io->stream_open(c->io->ctx, &c->to, c->tls_name,
					       conn_event, c);
	}
	if (c->stream == NULL ||
	    !c->io->stream_send(c->io->ctx, c->stream, msg, len))
		return false;
	a->id = get16(msg);
	ask_link(&c->bucket[a->id % BUCKETS], a);
	a->conn = c;
	return true;
}

void
conn_abort(struct conn *c, const char *text)
{
	if (c->stream != NULL)
		conn_lose(c, CONN_ABORTED, text);
}

bool
conn_heard(const struct conn *c)
{
	return c->heard;
}

uint64_t
conn_heard_at(const struct conn *c)
{
	return c->heard_at;
}
