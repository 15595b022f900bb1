#include "lib/net_ask.h"

#include "lib/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>
#include <unistd.h>

#define IDLE_ENOUGH 4 /* of one destination: then one of these is taken */
#define IDLE_MAX 256  /* kept open, of all destinations */
#define BIND_TRIES 16
#define READS_MAX 32 /* of one socket before others have their turn */
#define PORT_MIN 1024
#define RANDOM_AT_ONCE 128 /* numbers drawn by one call of the kernel */

struct port;

struct net_ask {
	TAILQ_ENTRY(net_ask) link;
	struct port *port;
	net_ask_fn *fn;
	void *arg;
	uint64_t offered; /* the last message it was offered */
};

/* A socket on a random port, connected to one server. */
struct port {
	TAILQ_ENTRY(port) link; /* of asker->busy or asker->idle */
	TAILQ_HEAD(net_asks, net_ask) asks;
	struct net_ask keep; /* among them while something is offered */
	struct net_asker *asker;
	struct event_watch *watch;
	struct net_addr to;
	uint64_t born; /* ms */
	unsigned uses;
	int fd;
	bool broken; /* an error was read: not to be used again */
};

TAILQ_HEAD(port_list, port);

struct net_asker {
	struct event_loop *loop;
	struct event_watch *timer; /* while sockets are open */
	struct port_list busy, idle;
	unsigned sockets, idle_count;
	uint64_t messages;   /* read so far: numbers them */
	struct net_ask *now; /* whose fn runs; NULL: it has ended by itself */
	uint16_t random[RANDOM_AT_ONCE];
	unsigned random_left;
	uint8_t buffer[WIRE_MSG_MAX];
};

struct net_asker *
net_asker_new(struct event_loop *loop)
{
	struct net_asker *a = malloc(sizeof(*a));

	if (a == NULL)
		return NULL;
	a->loop = loop;
	a->timer = NULL;
	TAILQ_INIT(&a->busy);
	TAILQ_INIT(&a->idle);
	a->sockets = a->idle_count = 0;
	a->messages = 0;
	a->now = NULL;
	a->random_left = 0;
	return a;
}

static uint16_t
random_number(struct net_asker *a)
{
	if (a->random_left == 0) {
		ssize_t n;

		do
			n = getrandom(a->random, sizeof(a->random), 0);
		while (n < 0 && errno == EINTR);
		/* of 256 octets it never gives less (getrandom(2)) */
		must(n == sizeof(a->random));
		a->random_left = RANDOM_AT_ONCE;
	}
	return a->random[--a->random_left];
}

/* --- sockets ---------------------------------------------------------------
 */

static void
port_free(struct port *p)
{
	struct net_asker *a = p->asker;
	bool idle = TAILQ_EMPTY(&p->asks);

	TAILQ_REMOVE(idle ? &a->idle : &a->busy, p, link);
	if (idle)
		a->idle_count--;
	a->sockets--;
	event_unwatch(p->watch);
	close(p->fd);
	free(p);
}

static bool
port_is_old(const struct port *p, uint64_t now)
{
	return p->broken || p->uses >= NET_ASK_USES ||
	       now - p->born >= NET_ASK_AGE_MS;
}

/* A question has left it. */
static void
port_rest(struct port *p)
{
	struct net_asker *a = p->asker;

	if (!TAILQ_EMPTY(&p->asks))
		return;
	TAILQ_REMOVE(&a->busy, p, link);
	TAILQ_INSERT_HEAD(&a->idle, p, link);
	if (++a->idle_count > IDLE_MAX || port_is_old(p, event_now_ms()))
		port_free(p);
}

/* Idle sockets end by the clock, too. */
static void
asker_tick(void *arg)
{
	struct net_asker *a = arg;
	uint64_t now = event_now_ms();
	struct port *p, *next;

	for (p = TAILQ_FIRST(&a->idle); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (port_is_old(p, now))
			port_free(p);
	}
	if (a->sockets == 0) {
		event_unwatch(a->timer);
		a->timer = NULL;
	}
}

/* To a port that nobody can guess; false: errno. */
static bool
bind_random(struct net_asker *a, int fd, int family)
{
	struct net_addr any = {.in6 = {.sin6_family = AF_INET6}};

	any.len = sizeof(any.in6);
	if (family == AF_INET) {
		any.in = (struct sockaddr_in){.sin_family = AF_INET};
		any.len = sizeof(any.in);
	}
	for (unsigned i = 0; i < BIND_TRIES;) {
		uint16_t port = random_number(a);

		if (port < PORT_MIN)
			continue;
		i++;
		/* the two kinds keep their port at the same place */
		any.in.sin_port = htons(port);
		if (bind(fd, &any.sa, any.len) == 0)
			return true;
		if (errno != EADDRINUSE && errno != EACCES)
			return false;
	}
	return false;
}

/*
 * What anybody may say by ICMP of the path's MTU is not believed; our questions
 * are small. Nothing may be waiting once it is connected: between bind() and
 * connect() the port takes what anybody sends.
 */
static int
socket_open(struct net_asker *a, const struct net_addr *to)
{
	int family = to->sa.sa_family;
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int omit = IPV6_PMTUDISC_OMIT, omit_v4 = IP_PMTUDISC_OMIT, error;

	if (fd < 0)
		return -1;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &omit,
			   sizeof(omit));
	else
		setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &omit_v4,
			   sizeof(omit_v4));
	if (bind_random(a, fd, family) && connect(fd, &to->sa, to->len) == 0) {
		while (recv(fd, NULL, 0, MSG_TRUNC) >= 0)
			;
		return fd;
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static void port_readable(void *arg);

static struct port *
port_new(struct net_asker *a, const struct net_addr *to)
{
	struct port *p = malloc(sizeof(*p));

	if (p == NULL)
		return NULL;
	p->fd = socket_open(a, to);
	if (p->fd < 0) {
		free(p);
		return NULL;
	}
	TAILQ_INIT(&p->asks);
	p->asker = a;
	p->to = *to;
	p->born = event_now_ms();
	p->uses = 0;
	p->broken = false;
	p->watch = event_readable(a->loop, p->fd, port_readable, p);
	if (a->timer == NULL)
		a->timer = event_timer(a->loop, NET_ASK_AGE_MS / 2, true,
				       asker_tick, a);
	if (p->watch == NULL || a->timer == NULL) {
		event_unwatch(p->watch);
		close(p->fd);
		free(p);
		errno = ENOMEM;
		return NULL;
	}
	TAILQ_INSERT_HEAD(&a->idle, p, link);
	a->idle_count++;
	a->sockets++;
	return p;
}

/* One at random of those in the list that go there, if there are at least
 * `least`; only the first few of these are looked at. */
static struct port *
port_choose(struct net_asker *a, const struct port_list *list,
	    const struct net_addr *to, unsigned least)
{
	struct port *found[2 * IDLE_ENOUGH], *p;
	unsigned n = 0;

	TAILQ_FOREACH(p, list, link)
	{
		if (n == ARRAY_LEN(found))
			break;
		/* cppcheck-suppress uninitvar */
		if (!p->broken && net_addr_equal(&p->to, to))
			found[n++] = p;
	}
	/* cppcheck-suppress uninitvar */
	return n < least || n == 0 ? NULL : found[random_number(a) % n];
}

static struct port *
port_for(struct net_asker *a, const struct net_addr *to)
{
	struct port *p = port_choose(a, &a->idle, to, IDLE_ENOUGH);

	if (p != NULL)
		return p;
	if (a->sockets == NET_ASK_SOCKETS_MAX && !TAILQ_EMPTY(&a->idle))
		port_free(TAILQ_LAST(&a->idle, port_list));
	errno = EMFILE;
	if (a->sockets < NET_ASK_SOCKETS_MAX)
		p = port_new(a, to);
	/* Short of descriptors: with others on one socket, by turns. */
	if (p == NULL)
		p = port_choose(a, &a->idle, to, 1);
	if (p != NULL)
		return p;
	p = port_choose(a, &a->busy, to, 1);
	if (p != NULL) {
		TAILQ_REMOVE(&a->busy, p, link);
		TAILQ_INSERT_TAIL(&a->busy, p, link);
	}
	return p;
}

/* --- questions -------------------------------------------------------------
 */

static void
ask_remove(struct net_ask *q)
{
	TAILQ_REMOVE(&q->port->asks, q, link);
	free(q);
}

/* The socket by which msg has left; NULL: errno. */
static struct port *
port_send(struct net_asker *a, const struct net_addr *to, const uint8_t *msg,
	  size_t len)
{
	struct port *p;
	bool used;
	int error;

	do {
		p = port_for(a, to);
		if (p == NULL || send(p->fd, msg, len, 0) >= 0)
			return p;
		/* An error may be an old one, of a question before. */
		error = errno;
		used = p->uses > 0;
		p->broken = true;
		if (TAILQ_EMPTY(&p->asks))
			port_free(p);
	} while (used);
	errno = error;
	return NULL;
}

struct net_ask *
net_ask(struct net_asker *a, const struct net_addr *to, const uint8_t *msg,
	size_t len, net_ask_fn *fn, void *arg)
{
	struct net_ask *q = malloc(sizeof(*q));
	struct port *p = q != NULL ? port_send(a, to, msg, len) : NULL;

	if (p == NULL) {
		free(q);
		return NULL;
	}
	if (TAILQ_EMPTY(&p->asks)) {
		TAILQ_REMOVE(&a->idle, p, link);
		a->idle_count--;
		TAILQ_INSERT_HEAD(&a->busy, p, link);
	}
	p->uses++;
	q->port = p;
	q->fn = fn;
	q->arg = arg;
	q->offered = a->messages;
	TAILQ_INSERT_TAIL(&p->asks, q, link);
	return q;
}

void
net_ask_end(struct net_asker *a, struct net_ask *q)
{
	struct port *p = q->port;

	must(p->asker == a);
	if (a->now == q)
		a->now = NULL;
	ask_remove(q);
	port_rest(p);
}

/* The oldest question that has not seen the message yet. While one is called,
 * any other may end or begin, so the list is looked through from its start. */
static struct net_ask *
port_next(struct port *p, uint64_t number)
{
	struct net_ask *q;

	TAILQ_FOREACH(q, &p->asks, link)
	if (q->offered < number)
		return q;
	return NULL;
}

/* Offers what was read to all who wait on this socket. `keep` among them leaves
 * it alive meanwhile, whatever they end. */
static void
port_offer(struct port *p, enum net_ask_event ev, size_t len, int error)
{
	struct net_asker *a = p->asker;
	uint64_t number = ++a->messages;
	struct net_ask *q;

	p->keep = (struct net_ask){.port = p, .offered = UINT64_MAX};
	TAILQ_INSERT_TAIL(&p->asks, &p->keep, link);
	while ((q = port_next(p, number)) != NULL) {
		net_ask_fn *fn = q->fn;
		void *arg = q->arg;
		bool taken;

		q->offered = number;
		if (ev == NET_ASK_ERROR) {
			ask_remove(q);
			fn(arg, ev, NULL, 0, error);
			continue;
		}
		a->now = q;
		taken = fn(arg, ev, a->buffer, len, 0);
		if (taken && a->now != NULL)
			ask_remove(a->now);
		a->now = NULL;
		if (taken)
			break;
	}
	TAILQ_REMOVE(&p->asks, &p->keep, link);
}

static void
port_readable(void *arg)
{
	struct port *p = arg;
	struct net_asker *a = p->asker;
	bool waited = !TAILQ_EMPTY(&p->asks);

	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(p->fd, a->buffer, sizeof(a->buffer), 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (!waited) {
			/* late, or forged: nobody waits for it */
			if (n >= 0)
				continue;
			port_free(p);
			return;
		}
		if (n < 0)
			p->broken = true;
		port_offer(p, n < 0 ? NET_ASK_ERROR : NET_ASK_REPLY,
			   n < 0 ? 0 : (size_t)n, n < 0 ? errno : 0);
		if (TAILQ_EMPTY(&p->asks)) {
			port_rest(p); /* p may be gone */
			return;
		}
	}
}

/* --- the end ---------------------------------------------------------------
 */

void
net_asker_free(struct net_asker *a)
{
	struct net_ask *q, *next_ask;
	struct port *p, *next;

	if (a == NULL)
		return;
	while ((p = TAILQ_FIRST(&a->busy)) != NULL) {
		for (q = TAILQ_FIRST(&p->asks); q != NULL; q = next_ask) {
			next_ask = TAILQ_NEXT(q, link);
			free(q);
		}
		TAILQ_INIT(&p->asks);
		TAILQ_REMOVE(&a->busy, p, link);
		TAILQ_INSERT_HEAD(&a->idle, p, link);
		a->idle_count++;
	}
	for (p = TAILQ_FIRST(&a->idle); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		port_free(p);
	}
	event_unwatch(a->timer);
	free(a);
}

unsigned
net_asker_sockets(const struct net_asker *a)
{
	return a->sockets;
}
