#include "lib/event.h"

#include <event2/event.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

struct post {
	STAILQ_ENTRY(post) link;
	void (*fn)(void *arg);
	void *arg;
};
STAILQ_HEAD(post_list, post);

/*
 * libevent's own locks are not used: the base is touched by the loop's thread
 * alone. Other threads add to `posts` and write to the eventfd, which the loop
 * watches like any other descriptor.
 */
struct event_loop {
	struct event_base *base;
	struct event *woken;
	int wake_fd;
	pthread_mutex_t mutex; /* of what follows */
	struct post_list posts;
	bool stopping;
};

struct event_watch {
	struct event *event;
	event_fn *fn;
	void *arg;
};

static void
run_posts(struct post_list *posts)
{
	struct post *p;

	while ((p = STAILQ_FIRST(posts)) != NULL) {
		STAILQ_REMOVE_HEAD(posts, link);
		p->fn(p->arg);
		free(p);
	}
}

static void
loop_woken(evutil_socket_t fd, short what, void *arg)
{
	struct event_loop *loop = arg;
	struct post_list posts = STAILQ_HEAD_INITIALIZER(posts);
	eventfd_t count;
	bool stopping;

	(void)what;
	eventfd_read(fd, &count);
	/* Both at once: what was posted before the stop is in the list. */
	pthread_mutex_lock(&loop->mutex);
	STAILQ_CONCAT(&posts, &loop->posts);
	stopping = loop->stopping;
	pthread_mutex_unlock(&loop->mutex);
	run_posts(&posts);
	if (stopping)
		event_base_loopbreak(loop->base);
}

static struct event_base *
base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config == NULL)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct event_loop *
event_loop_new(void)
{
	struct event_loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return NULL;
	STAILQ_INIT(&loop->posts);
	pthread_mutex_init(&loop->mutex, NULL);
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake_fd >= 0)
		loop->base = base_new();
	if (loop->base != NULL)
		loop->woken = event_new(loop->base, loop->wake_fd,
					EV_READ | EV_PERSIST, loop_woken, loop);
	if (loop->woken == NULL || event_add(loop->woken, NULL) != 0) {
		event_loop_free(loop);
		return NULL;
	}
	return loop;
}

void
event_loop_free(struct event_loop *loop)
{
	struct post *p;

	if (loop == NULL)
		return;
	if (loop->woken != NULL)
		event_free(loop->woken);
	if (loop->base != NULL) {
		/* What lib/net_* freed may still wait to be given back. */
		event_base_loop(loop->base, EVLOOP_NONBLOCK);
		event_base_free(loop->base);
	}
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	while ((p = STAILQ_FIRST(&loop->posts)) != NULL) {
		STAILQ_REMOVE_HEAD(&loop->posts, link);
		free(p);
	}
	pthread_mutex_destroy(&loop->mutex);
	free(loop);
}

void
event_run(struct event_loop *loop)
{
	event_base_dispatch(loop->base);
	pthread_mutex_lock(&loop->mutex);
	loop->stopping = false;
	if (!STAILQ_EMPTY(&loop->posts))
		eventfd_write(loop->wake_fd, 1);
	pthread_mutex_unlock(&loop->mutex);
}

void
event_stop(struct event_loop *loop)
{
	pthread_mutex_lock(&loop->mutex);
	loop->stopping = true;
	eventfd_write(loop->wake_fd, 1);
	pthread_mutex_unlock(&loop->mutex);
}

bool
event_post(struct event_loop *loop, void (*fn)(void *arg), void *arg)
{
	struct post *p = malloc(sizeof(*p));

	if (p == NULL)
		return false;
	p->fn = fn;
	p->arg = arg;
	pthread_mutex_lock(&loop->mutex);
	/* A list that is not empty has its wake-up on the way. */
	if (STAILQ_EMPTY(&loop->posts))
		eventfd_write(loop->wake_fd, 1);
	STAILQ_INSERT_TAIL(&loop->posts, p, link);
	pthread_mutex_unlock(&loop->mutex);
	return true;
}

static void
watch_fired(evutil_socket_t fd, short what, void *arg)
{
	struct event_watch *w = arg;

	(void)fd;
	(void)what;
	w->fn(w->arg); /* which may unwatch w: not touched after */
}

static struct event_watch *
watch_new(struct event_loop *loop, int fd, short what,
	  const struct timeval *after, event_fn *fn, void *arg)
{
	struct event_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	w->fn = fn;
	w->arg = arg;
	w->event = event_new(loop->base, fd, what, watch_fired, w);
	if (w->event == NULL || event_add(w->event, after) != 0) {
		event_unwatch(w);
		return NULL;
	}
	return w;
}

struct event_watch *
event_timer(struct event_loop *loop, unsigned ms, bool repeat, event_fn *fn,
	    void *arg)
{
	struct timeval after = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};

	return watch_new(loop, -1, repeat ? EV_PERSIST : 0, &after, fn, arg);
}

struct event_watch *
event_signal(struct event_loop *loop, int signo, event_fn *fn, void *arg)
{
	return watch_new(loop, signo, EV_SIGNAL | EV_PERSIST, NULL, fn, arg);
}

struct event_watch *
event_readable(struct event_loop *loop, int fd, event_fn *fn, void *arg)
{
	return watch_new(loop, fd, EV_READ | EV_PERSIST, NULL, fn, arg);
}

void
event_unwatch(struct event_watch *w)
{
	if (w == NULL)
		return;
	if (w->event != NULL)
		event_free(w->event);
	free(w);
}

void *
event_loop_base(struct event_loop *loop)
{
	return loop->base;
}

uint64_t
event_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}
