/* What commands of placectl share: refusals, values, time. */
#include "tools/ctl.h"

#include "lib/name.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *
ctl_option(const struct ctl *c, const char *name)
{
	for (size_t i = 0; c->command->options[i].name != NULL; i++)
		if (strcmp(c->command->options[i].name, name) == 0)
			return c->option[i];
	return NULL;
}

/* What was printed so far comes first, the reason last. */
static enum ctl_exit
ctl_tell(const struct ctl *c, const char *who, const char *text)
{
	if (c->json) {
		json_t *no = json_pack("{s:b, s:o}", "ok", 0, "error",
				       ctl_text(text));

		json_dumpf(no, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(no);
	}
	fflush(stdout);
	fprintf(stderr, "%s%s\n", who, text);
	return CTL_REFUSED;
}

enum ctl_exit
ctl_refuse(const struct ctl *c, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return ctl_tell(c, "placectl: ", text);
}

enum ctl_exit
ctl_refuse_file(const struct ctl *c, const struct diag *d)
{
	return ctl_tell(c, "", d->text);
}

enum ctl_exit
ctl_misused(const struct ctl *c, const char *fmt, ...)
{
	va_list args;

	fputs("placectl: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nplacectl %s%s--help says what there is\n",
		c->command == NULL ? "" : c->command->name,
		c->command == NULL ? "" : " ");
	return CTL_USAGE;
}

enum ctl_exit
ctl_name(const struct ctl *c, const char *text, uint8_t *name)
{
	uint8_t as_given[NAME_WIRE_MAX];
	struct diag d;

	if (name_from_text(as_given, text, NULL, &d) != ERR_OK)
		return ctl_misused(c, "%s", d.text);
	name_lower(name, as_given);
	return CTL_DONE;
}

json_t *
ctl_text(const char *text)
{
	json_t *value = json_string(text);
	char *copy = value != NULL ? NULL : strdup(text);

	for (char *at = copy; at != NULL && *at != '\0'; at++)
		if ((unsigned char)*at > 0x7f)
			*at = '?';
	if (copy != NULL)
		value = json_string(copy);
	free(copy);
	return value;
}

const char *
ctl_string(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

long long
ctl_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

const char *
ctl_time(char *dst, long long seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(dst, CTL_TIME_MAX, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(dst, CTL_TIME_MAX, "%lld", seconds);
	return dst;
}
