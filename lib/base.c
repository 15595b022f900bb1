#include "lib/base.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
err_text(enum err e)
{
	static const char *const texts[] = {
		[ERR_OK] = "no error",
		[ERR_NOMEM] = "out of memory",
		[ERR_FULL] = "no space left",
		[ERR_IO] = "input or output failed",
		[ERR_CORRUPT] = "stored data is damaged",
		[ERR_VERSION] = "another schema version",
		[ERR_NOTFOUND] = "not found",
		[ERR_EXISTS] = "exists already",
		[ERR_SYNTAX] = "cannot be read",
		[ERR_RANGE] = "out of range",
		[ERR_RULE] = "against the rules of DNS",
		[ERR_DENIED] = "not permitted",
		[ERR_BUSY] = "in use by another",
	};

	if ((unsigned)e >= ARRAY_LEN(texts) || texts[e] == NULL)
		return "unknown error";
	return texts[e];
}

void
diag_write(struct diag *d, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (d == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(d->text, sizeof(d->text), fmt, ap);
	va_end(ap);
	errno = saved;
}

void
diag_prefix(struct diag *d, const char *fmt, ...)
{
	char prefix[sizeof(d->text)];
	size_t len, rest;
	va_list ap;

	if (d == NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix) - 2, fmt, ap);
	va_end(ap);
	strcat(prefix, ": ");

	len = strlen(prefix);
	rest = strlen(d->text);
	if (rest > sizeof(d->text) - 1 - len)
		rest = sizeof(d->text) - 1 - len;
	memmove(d->text + len, d->text, rest);
	memcpy(d->text, prefix, len);
	d->text[len + rest] = '\0';
}

_Noreturn void
must_fail(const char *what, const char *file, int line)
{
	fprintf(stderr, "placed: broken invariant: %s (%s:%d)\n", what, file,
		line);
	abort();
}
