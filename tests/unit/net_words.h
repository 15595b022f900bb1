#ifndef PLACED_TESTS_NET_WORDS_H
#define PLACED_TESTS_NET_WORDS_H

#include "lib/net.h"

#include <pthread.h>

/*
 * A small service on a thread of its own, told what to do by the first octet
 * of each message; the tests are its clients, with blocking sockets.
 *
 *   e  echo                   L  later: held until an r or z comes
 *   s  silence                r  replies to all held, last first; says how many
 *   b  a big reply            z  likewise with no reply at all
 *   n  the message's length   a  the address it was sent to
 */
#define BIG 60000
#define HELD_MAX 80	  /* more than a batch */
#define PATIENCE_MS 10000 /* when a test gives up hope */

struct held {
	struct net_peer peer;
	uint8_t msg[16];
	size_t len;
};

struct net_server {
	struct event_loop *loop;
	struct net_udp *udp;
	struct net_tcp *tcp;
	struct net_addr at;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t served_one;
	/* under the mutex */
	struct held held[HELD_MAX];
	unsigned held_count;
	unsigned served;
	struct net_message foreseen[NET_UDP_BATCH]; /* of this batch */
	unsigned foreseen_count;
	unsigned in_batch, most_in_batch, batches;
	bool begun;
	bool talks_to_itself; /* each message served makes another */
	bool disorder; /* a serve() outside begin() and end(), or the like */
};

/* Limits that no test meets by chance; idle longer than the tests' patience. */
extern const struct net_tcp_limits net_easy_limits;

/* Listens on a free port of `host`, but does not run yet. limits: TCP alone. */
void net_server_open(struct net_server *s, const char *host, int type,
		     const struct net_tcp_limits *limits);
void net_server_run(struct net_server *s);
/* Both, on 127.0.0.1 and TCP. */
void net_server_start_tcp(struct net_server *s,
			  const struct net_tcp_limits *limits);
void net_server_close(struct net_server *s);

/* Waits until it has served n messages and returns how many it holds. */
unsigned net_server_served(struct net_server *s, unsigned n);

/* An address with port 0. */
struct net_addr address(const char *text);

/* A connected socket. */
int client_open(const struct net_addr *to, int type);
void write_all(int fd, const void *octets, size_t len);
void read_all(int fd, uint8_t *dst, size_t len);

void udp_ask(int fd, const char *text);
/* One reply, with a NUL after it; returns its length. */
size_t udp_take(int fd, char *dst, size_t cap);

/* Writes the text as a message with its length before it. */
size_t tcp_frame(uint8_t *dst, const char *text);
void tcp_ask(int fd, const char *text);
/* Reads one reply, a string of less than 64 octets. */
const char *tcp_take(int fd, char dst[64]);
void tcp_expect(int fd, const char *expected);
/* Has the server release what it holds; returns how many it says these were. */
unsigned tcp_release(int fd);
/* Whether the server closes it, with or without a reset, and sends nothing. */
bool tcp_ends(int fd);

#endif
