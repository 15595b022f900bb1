#include "lib/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* stderr, led into a pipe. */
struct capture {
	int saved, read_end;
	char text[4096];
};

static void
capture_begin(struct capture *c)
{
	int ends[2];

	cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
	c->saved = dup(STDERR_FILENO);
	c->read_end = ends[0];
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
}

/* What was written since the last call. */
static const char *
captured(struct capture *c)
{
	ssize_t n = read(c->read_end, c->text, sizeof(c->text) - 1);

	c->text[n > 0 ? n : 0] = 0;
	return c->text;
}

static void
capture_end(struct capture *c)
{
	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->read_end);
}

Test(log, a_line_has_its_level_in_front)
{
	struct capture c;

	unsetenv("JOURNAL_STREAM");
	log_set_level(LOG_DEBUG);
	capture_begin(&c);
	log_error("disk %d", 7);
	cr_expect_str_eq(captured(&c), "error: disk 7\n");
	log_warning("w");
	cr_expect_str_eq(captured(&c), "warning: w\n");
	log_notice("n");
	cr_expect_str_eq(captured(&c), "notice: n\n");
	log_info("i");
	cr_expect_str_eq(captured(&c), "info: i\n");
	log_debug("d");
	cr_expect_str_eq(captured(&c), "debug: d\n");
	capture_end(&c);
}

Test(log, lines_less_urgent_than_the_level_are_not_written)
{
	struct capture c;

	log_set_level(LOG_WARNING);
	cr_expect(log_enabled(LOG_WARNING));
	cr_expect_not(log_enabled(LOG_NOTICE));
	capture_begin(&c);
	log_notice("not this");
	cr_expect_str_eq(captured(&c), "");
	log_error("this");
	cr_expect_str_eq(captured(&c), "error: this\n");
	capture_end(&c);
}

Test(log, notices_are_written_until_a_level_is_set)
{
	cr_expect(log_enabled(LOG_NOTICE));
	cr_expect_not(log_enabled(LOG_INFO));
}

Test(log, the_journal_gets_the_numbers_of_syslog)
{
	struct capture c;
	char stream[64];
	struct stat st;

	log_set_level(LOG_DEBUG);
	capture_begin(&c);
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%llu:%llu",
		 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_error("e");
	cr_expect_str_eq(captured(&c), "<3>e\n");
	log_debug("d");
	cr_expect_str_eq(captured(&c), "<7>d\n");
	capture_end(&c);
}

Test(log, a_stderr_led_away_from_the_journal_gets_words)
{
	struct capture c;

	setenv("JOURNAL_STREAM", "1:1", 1);
	capture_begin(&c);
	log_error("e");
	cr_expect_str_eq(captured(&c), "error: e\n");
	capture_end(&c);
}

Test(log, control_octets_never_reach_the_terminal)
{
	struct capture c;

	unsetenv("JOURNAL_STREAM");
	capture_begin(&c);
	log_error("a\nerror: forged\r\x1b[31m\t\x7f%s", "\x01");
	cr_expect_str_eq(captured(&c), "error: a?error: forged??[31m???\n");
	capture_end(&c);
}

Test(log, a_long_line_is_cut_at_1024_octets)
{
	struct capture c;
	char text[3000];

	unsetenv("JOURNAL_STREAM");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	capture_begin(&c);
	log_error("%s", text);
	cr_assert_eq(strlen(captured(&c)), 1024);
	cr_expect_str_eq(c.text + 1019, "x...\n");
	capture_end(&c);
}

Test(log, a_line_that_just_fits_is_whole)
{
	struct capture c;
	char text[1024 - 7];

	unsetenv("JOURNAL_STREAM");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	capture_begin(&c);
	log_error("%s", text);
	cr_assert_eq(strlen(captured(&c)), 1024);
	cr_expect_str_eq(c.text + 1021, "xx\n");
	capture_end(&c);
}

Test(log, errno_is_kept_and_shown_by_m)
{
	struct capture c;

	unsetenv("JOURNAL_STREAM");
	capture_begin(&c);
	errno = ENOSPC;
	log_error("%m");
	cr_expect_eq(errno, ENOSPC);
	cr_expect_str_eq(captured(&c), "error: No space left on device\n");
	capture_end(&c);
}

Test(log_limit, a_burst_passes_and_the_rest_of_the_second_is_held_back)
{
	struct log_limit l = {.burst = 3};
	unsigned held = 99;

	for (unsigned i = 0; i < 3; i++) {
		cr_expect(log_limit_pass(&l, 1000, &held));
		cr_expect_eq(held, 0);
	}
	cr_expect_not(log_limit_pass(&l, 1000, &held));
}

Test(log_limit, the_next_line_tells_how_many_were_held_back)
{
	struct log_limit l = {.burst = 1};
	unsigned held = 0;

	cr_expect(log_limit_pass(&l, 1000, &held));
	for (unsigned i = 0; i < 12; i++)
		cr_expect_not(log_limit_pass(&l, 1000, &held));
	cr_expect(log_limit_pass(&l, 1001, &held));
	cr_expect_eq(held, 12);
	cr_expect(log_limit_pass(&l, 1002, &held));
	cr_expect_eq(held, 0);
}

Test(log_limit, a_clock_set_back_opens_it_again)
{
	struct log_limit l = {.burst = 1};
	unsigned held;

	cr_expect(log_limit_pass(&l, 1000, &held));
	cr_expect(log_limit_pass(&l, 400, &held));
}
