#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_LEN 1024

static _Atomic int log_most = LOG_NOTICE;

/* syslog(3)'s numbers, which the journal understands, and words for people. */
static const struct {
	char journal[4];
	const char *word;
} levels[] = {
	[LOG_ERROR] = {"<3>", "error: "},
	[LOG_WARNING] = {"<4>", "warning: "},
	[LOG_NOTICE] = {"<5>", "notice: "},
	[LOG_INFO] = {"<6>", "info: "},
	[LOG_DEBUG] = {"<7>", "debug: "},
};

void
log_set_level(enum log_level most)
{
	atomic_store_explicit(&log_most, (int)most, memory_order_relaxed);
}

bool
log_enabled(enum log_level level)
{
	return (int)level <=
	       atomic_load_explicit(&log_most, memory_order_relaxed);
}

/* systemd.exec(5): the variable names the device and inode of the stream that
 * leads to the journal; a child whose stderr was redirected inherits it too. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, inode;
	struct stat st;
	char *end;

	if (!stream)
		return false;
	dev = strtoull(stream, &end, 10);
	if (*end != ':')
		return false;
	inode = strtoull(end + 1, NULL, 10);
	return !fstat(STDERR_FILENO, &st) && st.st_dev == dev &&
	       st.st_ino == inode;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_LEN + 1];
	int saved = errno, text;
	size_t len, start;
	va_list ap;

	must(level <= LOG_DEBUG);
	if (!log_enabled(level))
		return;
	len = (size_t)snprintf(line, sizeof(line), "%s",
			       stderr_is_journal() ? levels[level].journal
						   : levels[level].word);
	start = len;
	errno = saved; /* for %m */
	va_start(ap, fmt);
	text = vsnprintf(line + len, LINE_MAX_LEN - len, fmt, ap);
	va_end(ap);
	if (text < 0)
		text = 0;
	len += (size_t)text;
	if (len > LINE_MAX_LEN - 1) {
		len = LINE_MAX_LEN - 1;
		memcpy(line + len - 3, "...", 3);
	}
	for (size_t i = start; i < len; i++) {
		if ((uint8_t)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
	line[len++] = '\n';
	while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
		;
	errno = saved;
}

bool
log_limit_pass(struct log_limit *l, uint64_t now, unsigned *held)
{
	if (now != l->second) {
		l->second = now;
		l->used = 0;
	}
	if (l->used >= l->burst) {
		l->held++;
		return false;
	}
	l->used++;
	*held = l->held;
	l->held = 0;
	return true;
}
