/*
 * One line an event, to stderr (systemd's journal takes it from there), with
 * the level in front: "<6>" when stderr is the stream that JOURNAL_STREAM
 * names (systemd.exec(5)), a word ("info: ") else. Text that came from outside
 * must be escaped by the caller (name_to_text does); log_line() itself replaces
 * control octets by '?'. Thread-safe; errno is kept. A line is at most 1024
 * octets with its newline, a longer one ends in "..."; one write(2) each.
 */
#ifndef PLACED_LIB_LOG_H
#define PLACED_LIB_LOG_H

#include "lib/base.h"

enum log_level {
	LOG_ERROR,
	LOG_WARNING,
	LOG_NOTICE,
	LOG_INFO,
	LOG_DEBUG
};

/* The least urgent level that is written; LOG_NOTICE until it is set. */
void log_set_level(enum log_level most);
bool log_enabled(enum log_level level);

void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/*
 * At most `burst` lines a second for one kind of event; what is held back is
 * counted and told with the next line let through ("12 more").
 */
struct log_limit {
	unsigned burst;
	uint64_t second;
	unsigned used;
	unsigned held;
};

/* True if a line may be written now; *held gets how many were held back before
 * it. now in seconds; the limit is owned by one thread. */
bool log_limit_pass(struct log_limit *l, uint64_t now, unsigned *held);

#endif
