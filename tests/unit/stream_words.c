#include "tests/unit/stream_words.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

void
stream_told(void *arg, enum net_stream_event ev, const uint8_t *octets,
	    size_t len, const char *text)
{
	struct told *k = arg;

	k->at = event_now_ms();
	if (ev == NET_STREAM_MESSAGE) {
		if (k->messages < TOLD_MAX)
			k->len[k->messages] = len;
		k->messages++;
		k->octets += len;
		memcpy(k->last, octets, len);
	} else {
		k->closed++;
		snprintf(k->text, sizeof(k->text), "%s", text);
	}
	if (k->messages == k->stop_at || k->closed == k->stop_at_closed)
		event_stop(k->loop);
	if (k->then != NULL)
		k->then(k, ev);
}

struct net_stream_options
stream_options(const struct net_addr *to)
{
	return (struct net_stream_options){
		.to = *to,
		.connect_ms = 60000,
		.idle_ms = 60000,
		.backlog = 1 << 20,
	};
}

void
until_messages(struct told *k, unsigned count)
{
	k->stop_at = count;
	k->stop_at_closed = k->closed + 1;
	while (k->messages < count && k->closed < k->stop_at_closed)
		event_run(k->loop);
	must(k->messages >= count);
	k->stop_at = k->stop_at_closed = 0;
}

void
until_closed(struct told *k, unsigned count)
{
	k->stop_at_closed = count;
	while (k->closed < count)
		event_run(k->loop);
	k->stop_at_closed = 0;
}

/* A round ends with the first event that is not the stop itself, so some. */
void
turn(struct event_loop *loop)
{
	for (unsigned i = 0; i < 8; i++) {
		event_stop(loop);
		event_run(loop);
	}
}

int
listen_at(struct net_addr *at, int backlog)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(net_addr_from_text(at, "127.0.0.1", 0, NULL) == ERR_OK);
	must(bind(fd, &at->sa, at->len) == 0);
	must(listen(fd, backlog) == 0);
	must(getsockname(fd, &at->sa, &at->len) == 0);
	return fd;
}

bool
send_text(struct told *k, const char *text)
{
	return net_stream_send(k->stream, (const uint8_t *)text, strlen(text));
}

bool
told_text(const struct told *k, const char *text)
{
	size_t len = strlen(text);

	return k->messages > 0 && k->messages <= TOLD_MAX &&
	       k->len[k->messages - 1] == len &&
	       memcmp(k->last, text, len) == 0;
}

unsigned
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	must(dir != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}
