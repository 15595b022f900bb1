#include "lib/event.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct seen {
	struct event_loop *loop;
	struct event_watch *watch;
	char text[64];
	unsigned count;
};

struct letter {
	struct seen *seen;
	char c;
};

static void
note(struct seen *s, char c)
{
	size_t n = strlen(s->text);

	cr_assert_lt(n + 1, sizeof(s->text));
	s->text[n] = c;
	s->text[n + 1] = '\0';
}

static void
note_letter(void *arg)
{
	struct letter *l = arg;

	note(l->seen, l->c);
}

static void
stop_now(void *arg)
{
	event_stop(((struct seen *)arg)->loop);
}

static void
seen_open(struct seen *s)
{
	memset(s, 0, sizeof(*s));
	s->loop = event_loop_new();
	cr_assert_not_null(s->loop);
}

Test(event, posts_run_in_the_order_posted)
{
	struct letter l[3];
	struct seen s;

	seen_open(&s);
	for (int i = 0; i < 3; i++) {
		l[i] = (struct letter){&s, (char)('a' + i)};
		cr_assert(event_post(s.loop, note_letter, &l[i]));
	}
	event_stop(s.loop);
	event_run(s.loop);
	cr_assert_str_eq(s.text, "abc");
	event_loop_free(s.loop);
}

Test(event, a_stop_before_the_run_is_not_forgotten)
{
	struct seen s;

	seen_open(&s);
	event_stop(s.loop);
	event_run(s.loop);
	event_loop_free(s.loop);
}

static void
post_and_stop(void *arg)
{
	struct letter *l = arg;

	note(l->seen, '1');
	event_post(l->seen->loop, note_letter, l);
	event_stop(l->seen->loop);
}

Test(event, what_is_posted_after_the_stop_waits_for_the_next_run)
{
	struct letter l;
	struct seen s;

	seen_open(&s);
	l = (struct letter){&s, '2'};
	event_stop(s.loop);
	event_run(s.loop);
	cr_assert(event_post(s.loop, note_letter, &l));
	cr_assert_str_eq(s.text, "");
	event_stop(s.loop);
	event_run(s.loop);
	cr_assert_str_eq(s.text, "2");
	event_loop_free(s.loop);
}

Test(event, a_post_may_post_and_stop_the_loop)
{
	struct letter l;
	struct seen s;

	seen_open(&s);
	l = (struct letter){&s, '2'};
	cr_assert(event_post(s.loop, post_and_stop, &l));
	event_run(s.loop);
	cr_assert_str_eq(s.text, "12");
	event_loop_free(s.loop);
}

#define POSTERS 4
#define POSTS_EACH 2000

struct poster {
	struct seen *seen;
	unsigned next; /* on the loop's thread: number expected */
	struct number {
		struct poster *poster;
		unsigned n;
	} numbers[POSTS_EACH];
};

static void
take_number(void *arg)
{
	struct number *number = arg;

	if (number->n == number->poster->next)
		number->poster->next++;
	if (++number->poster->seen->count == POSTERS * POSTS_EACH)
		event_stop(number->poster->seen->loop);
}

static void *
post_numbers(void *arg)
{
	struct poster *p = arg;

	for (unsigned i = 0; i < POSTS_EACH; i++) {
		p->numbers[i] = (struct number){p, i};
		event_post(p->seen->loop, take_number, &p->numbers[i]);
	}
	return NULL;
}

Test(event, posts_of_many_threads_all_come_each_threads_in_order)
{
	static struct poster posters[POSTERS];
	pthread_t threads[POSTERS];
	struct seen s;

	seen_open(&s);
	for (int i = 0; i < POSTERS; i++) {
		posters[i].seen = &s;
		pthread_create(&threads[i], NULL, post_numbers, &posters[i]);
	}
	event_run(s.loop);
	for (int i = 0; i < POSTERS; i++) {
		pthread_join(threads[i], NULL);
		cr_assert_eq(posters[i].next, POSTS_EACH);
	}
	event_loop_free(s.loop);
}

Test(event, timers_fire_by_their_time_not_by_their_making)
{
	struct event_watch *w[3];
	struct letter a, b;
	struct seen s;

	seen_open(&s);
	a = (struct letter){&s, 'a'};
	b = (struct letter){&s, 'b'};
	w[0] = event_timer(s.loop, 40, false, stop_now, &s);
	w[1] = event_timer(s.loop, 20, false, note_letter, &b);
	w[2] = event_timer(s.loop, 1, false, note_letter, &a);
	event_run(s.loop);
	cr_assert_str_eq(s.text, "ab");
	for (int i = 0; i < 3; i++)
		event_unwatch(w[i]);
	event_loop_free(s.loop);
}

static void
count_to_three(void *arg)
{
	struct seen *s = arg;

	if (++s->count == 3) {
		event_unwatch(s->watch); /* from inside its own function */
		s->watch = NULL;
		event_stop(s->loop);
	}
}

Test(event, a_repeating_timer_fires_until_unwatched)
{
	uint64_t start = event_now_ms();
	struct seen s;

	seen_open(&s);
	s.watch = event_timer(s.loop, 5, true, count_to_three, &s);
	event_run(s.loop);
	cr_assert_eq(s.count, 3);
	cr_assert_geq(event_now_ms() - start, 10);
	event_loop_free(s.loop);
}

static void
raise_signal(void *arg)
{
	(void)arg;
	raise(SIGUSR1);
}

Test(event, a_signal_is_told_on_the_loop)
{
	struct event_watch *w;
	struct seen s;

	seen_open(&s);
	w = event_signal(s.loop, SIGUSR1, stop_now, &s);
	cr_assert_not_null(w);
	event_post(s.loop, raise_signal, NULL);
	event_run(s.loop);
	event_unwatch(w);
	event_loop_free(s.loop);
}

Test(event, a_descriptor_is_told_as_long_as_it_is_readable)
{
	struct seen s;
	int ends[2];

	seen_open(&s);
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], "x", 1), 1);
	s.watch = event_readable(s.loop, ends[0], count_to_three, &s);
	event_run(s.loop); /* nobody reads it: told three times */
	cr_assert_eq(s.count, 3);
	event_loop_free(s.loop);
	close(ends[0]);
	close(ends[1]);
}

Test(event, nothing_is_a_fine_thing_to_unwatch)
{
	event_unwatch(NULL);
	event_loop_free(NULL);
}

Test(event, what_nobody_ran_is_forgotten_with_the_loop)
{
	struct letter l;
	struct seen s;

	seen_open(&s);
	l = (struct letter){&s, 'x'};
	cr_assert(event_post(s.loop, note_letter, &l));
	event_loop_free(s.loop);
	cr_assert_str_eq(s.text, "");
}
