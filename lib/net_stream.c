#include "lib/net_stream.h"

#include "lib/wire.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 160

enum state {
	CLOSED,
	CONNECTING, /* TCP, and TLS after it */
	UP,
};

struct net_stream {
	struct event_loop *loop;
	struct net_stream_options o;
	net_stream_fn *fn;
	void *arg;
	enum state state;
	struct bufferevent *bev; /* NULL: CLOSED */
	struct event_watch *timer;
	uint64_t moved; /* ms: when something was last sent or received */
	bool resumed;
	bool *gone; /* set by net_stream_free() while fn runs */
	uint8_t frame[WIRE_MSG_MAX];
};

struct net_stream *
net_stream_new(struct event_loop *loop, const struct net_stream_options *o,
	       net_stream_fn *fn, void *arg)
{
	struct net_stream *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	/* writev(2), as libevent uses it, has no flag for this. */
	signal(SIGPIPE, SIG_IGN);
	memset(s, 0, offsetof(struct net_stream, frame));
	s->loop = loop;
	s->o = *o;
	s->fn = fn;
	s->arg = arg;
	return s;
}

static void
stream_close(struct net_stream *s)
{
	event_unwatch(s->timer);
	s->timer = NULL;
	if (s->bev != NULL) {
		if (s->o.peer != NULL)
			net_tls_close(s->bev);
		bufferevent_free(s->bev);
	}
	s->bev = NULL;
	s->state = CLOSED;
}

void
net_stream_free(struct net_stream *s)
{
	if (s == NULL)
		return;
	if (s->gone != NULL)
		*s->gone = true;
	stream_close(s);
	free(s);
}

/* --- what is told ----------------------------------------------------------
 */

/* False: fn has freed the stream. */
static bool
stream_tell(struct net_stream *s, enum net_stream_event ev, size_t len,
	    const char *text)
{
	bool gone = false;

	must(s->gone == NULL);
	/* cppcheck-suppress autoVariables */
	s->gone = &gone;
	s->fn(s->arg, ev, ev == NET_STREAM_MESSAGE ? s->frame : NULL, len,
	      text);
	if (gone)
		return false;
	s->gone = NULL;
	return true;
}

static void
stream_fail(struct net_stream *s, const char *text)
{
	stream_close(s);
	stream_tell(s, NET_STREAM_CLOSED, 0, text);
}

/* Whole frames, as many as came. Each is copied out, so that its octets stay
 * where they are whatever fn does with the stream. */
static void
stream_read(struct bufferevent *bev, void *arg)
{
	struct net_stream *s = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	uint8_t head[2];

	s->moved = event_now_ms();
	while (evbuffer_copyout(in, head, 2) == 2) {
		size_t len = get16(head);

		if (evbuffer_get_length(in) < 2 + len)
			return;
		evbuffer_drain(in, 2);
		evbuffer_remove(in, s->frame, len);
		if (!stream_tell(s, NET_STREAM_MESSAGE, len, NULL))
			return;
	}
}

/* --- the clock --------------------------------------------------------------
 */

static void stream_tick(void *arg);

static bool
stream_clock(struct net_stream *s, unsigned ms)
{
	event_unwatch(s->timer);
	s->timer = event_timer(s->loop, ms, false, stream_tick, s);
	return s->timer != NULL;
}

/* Set once, not with each message: what is left is found out when it fires. */
static void
stream_tick(void *arg)
{
	struct net_stream *s = arg;
	uint64_t still = event_now_ms() - s->moved;

	if (s->state == CONNECTING)
		stream_fail(s, s->o.peer != NULL ? "no TLS connection in time"
						 : "no connection in time");
	else if (still >= s->o.idle_ms)
		stream_fail(s, "idle");
	else if (!stream_clock(s, s->o.idle_ms - (unsigned)still))
		stream_fail(s, "out of memory");
}

static void
stream_written(struct bufferevent *bev, void *arg)
{
	struct net_stream *s = arg;

	(void)bev;
	s->moved = event_now_ms();
}

/* --- connecting -------------------------------------------------------------
 */

static void
stream_event(struct bufferevent *bev, short what, void *arg)
{
	struct net_stream *s = arg;
	int error = EVUTIL_SOCKET_ERROR();
	const char *why = strerrordesc_np(error);
	char text[TEXT_MAX];

	if (what & BEV_EVENT_CONNECTED) {
		s->state = UP;
		s->resumed = s->o.peer != NULL && net_tls_resumed(bev);
		s->moved = event_now_ms();
		if (!stream_clock(s, s->o.idle_ms))
			stream_fail(s, "out of memory");
		return;
	}
	if (error == 0 || why == NULL)
		why = "the connection was broken off";
	if (what & BEV_EVENT_EOF)
		why = "closed by the server";
	else if (s->o.peer != NULL && net_tls_error(bev, text, sizeof(text)))
		why = text;
	stream_fail(s, why);
}

static void
set_no_delay(struct bufferevent *bev)
{
	int yes = 1, fd = bufferevent_getfd(bev);

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

static bool
stream_connect(struct net_stream *s)
{
	void *base = event_loop_base(s->loop);

	s->bev = s->o.peer != NULL ? net_tls_bufferevent(s->o.peer, base)
				   : bufferevent_socket_new(
					     base, -1,
					     BEV_OPT_CLOSE_ON_FREE |
						     BEV_OPT_DEFER_CALLBACKS);
	if (s->bev == NULL)
		return false;
	s->state = CONNECTING;
	s->resumed = false;
	s->moved = event_now_ms();
	bufferevent_setcb(s->bev, stream_read, stream_written, stream_event, s);
	/* two frames at most wait to be looked at */
	bufferevent_setwatermark(s->bev, EV_READ, 2,
				 (size_t)2 * (2 + WIRE_MSG_MAX));
	if (!stream_clock(s, s->o.connect_ms) ||
	    bufferevent_enable(s->bev, EV_READ | EV_WRITE) != 0) {
		stream_close(s);
		return false;
	}
	return true;
}

/* Errors of connect() come by stream_event(), from the loop. */
static bool
stream_start(struct net_stream *s)
{
	if (bufferevent_socket_connect(s->bev, &s->o.to.sa, (int)s->o.to.len) !=
	    0) {
		stream_close(s);
		return false;
	}
	set_no_delay(s->bev);
	return true;
}

bool
net_stream_send(struct net_stream *s, const uint8_t *msg, size_t len)
{
	struct evbuffer *out;
	size_t waiting;
	uint8_t head[2];
	bool fresh = s->bev == NULL;

	must(len <= WIRE_MSG_MAX);
	if (fresh && !stream_connect(s))
		return false;
	out = bufferevent_get_output(s->bev);
	waiting = evbuffer_get_length(out);
	if (waiting > 0 && waiting + 2 + len > s->o.backlog)
		return false;
	put16(head, (uint16_t)len);
	if (evbuffer_expand(out, 2 + len) != 0) {
		if (fresh)
			stream_close(s);
		return false;
	}
	evbuffer_add(out, head, 2);
	evbuffer_add(out, msg, len);
	s->moved = event_now_ms();
	return !fresh || stream_start(s);
}

bool
net_stream_resumed(const struct net_stream *s)
{
	return s->resumed;
}
