/*
 * The client's side of a stream, for tests: what it was told, and a loop that
 * runs until something has happened. A test that waits for what never comes is
 * ended by its suite's time-out.
 */
#ifndef PLACED_TESTS_STREAM_WORDS_H
#define PLACED_TESTS_STREAM_WORDS_H

#include "lib/net_stream.h"
#include "lib/wire.h"

#define TOLD_MAX 64

struct told {
	struct event_loop *loop;
	struct net_stream *stream;
	unsigned messages, closed;
	unsigned stop_at, stop_at_closed; /* counts at which the loop stops */
	size_t len[TOLD_MAX];		  /* of the first messages */
	size_t octets;			  /* in all */
	uint8_t last[WIRE_MSG_MAX];	  /* the last message */
	char text[256];			  /* why it was closed */
	uint64_t at;			  /* ms: when it was told last */
	void (*then)(struct told *k, enum net_stream_event ev); /* or NULL */
};

net_stream_fn stream_told; /* arg: a struct told */

/* Options with time-outs that no test meets by chance. */
struct net_stream_options stream_options(const struct net_addr *to);

/* Until so many messages, or closings, have come in all. */
void until_messages(struct told *k, unsigned count);
void until_closed(struct told *k, unsigned count);

/* Lets the loop do what is there to be done. */
void turn(struct event_loop *loop);

/* A socket that listens on a free port of 127.0.0.1. */
int listen_at(struct net_addr *at, int backlog);

bool send_text(struct told *k, const char *text);
/* The last message is this. */
bool told_text(const struct told *k, const char *text);

unsigned open_descriptors(void);
#endif
