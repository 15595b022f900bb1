#include "resolver/wakeup.h"

#include <stdlib.h>

enum err
wakeups_init(struct wakeups *h, unsigned room)
{
	h->heap = malloc((room + 1) * sizeof(struct wakeup *));
	h->count = 0;
	h->room = h->heap != NULL ? room : 0;
	return h->heap != NULL ? ERR_OK : ERR_NOMEM;
}

void
wakeups_free(struct wakeups *h)
{
	free(h->heap);
}

static void
put(struct wakeups *h, unsigned place, struct wakeup *w)
{
	h->heap[place] = w;
	w->place = place;
}

static void
rise(struct wakeups *h, unsigned place, struct wakeup *w)
{
	for (; place > 1 && h->heap[place / 2]->at > w->at; place /= 2)
		put(h, place, h->heap[place / 2]);
	put(h, place, w);
}

static void
sink(struct wakeups *h, unsigned place, struct wakeup *w)
{
	for (;;) {
		unsigned child = 2 * place;

		if (child > h->count)
			break;
		if (child < h->count &&
		    h->heap[child + 1]->at < h->heap[child]->at)
			child++;
		if (h->heap[child]->at >= w->at)
			break;
		put(h, place, h->heap[child]);
		place = child;
	}
	put(h, place, w);
}

static void
settle(struct wakeups *h, unsigned place, struct wakeup *w)
{
	if (place > 1 && h->heap[place / 2]->at > w->at)
		rise(h, place, w);
	else
		sink(h, place, w);
}

void
wakeup_set(struct wakeups *h, struct wakeup *w, uint64_t at)
{
	w->at = at;
	if (w->place == 0) {
		must(h->count < h->room);
		rise(h, ++h->count, w);
		return;
	}
	settle(h, w->place, w);
}

void
wakeup_clear(struct wakeups *h, struct wakeup *w)
{
	struct wakeup *last;
	unsigned place = w->place;

	if (place == 0)
		return;
	w->place = 0;
	last = h->heap[h->count--];
	if (last != w)
		settle(h, place, last);
}

struct wakeup *
wakeups_first(const struct wakeups *h)
{
	return h->count > 0 ? h->heap[1] : NULL;
}
