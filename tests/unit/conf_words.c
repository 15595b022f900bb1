#include "tests/unit/conf_words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct conf *
conf_of(const char *text)
{
	struct diag d = {""};
	struct conf *c = conf_read_string(text, CONF_NAME, &d);

	cr_assert_not_null(c, "%s", d.text);
	return c;
}

const char *
refusal(const char *text)
{
	static struct diag d;
	struct conf *c = conf_read_string(text, "x.yaml", &d);

	cr_assert_null(c, "was taken: %s", text);
	cr_assert_eq(strncmp(d.text, "x.yaml:", 7), 0, "%s", d.text);
	return d.text + 7;
}

void
expect_refused_at(const char *text, const char *at, const char *part)
{
	const char *got = refusal(text);

	cr_expect(!strncmp(got, at, strlen(at)) && strstr(got, part),
		  "expected %s … %s, got %s", at, part, got);
}

const char *
text_of(const uint8_t *name)
{
	static char text[NAME_TEXT_MAX];

	name_to_text(text, name);
	return text;
}

const struct conf_zone *
zone_of(const struct conf *c, const char *text)
{
	uint8_t apex[NAME_WIRE_MAX];

	cr_assert_eq(name_from_text(apex, text, NULL, NULL), 0);
	return conf_zone_find(c, apex);
}

/* --- a folder for files --------------------------------------------------- */

char folder[256];

void
folder_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%.200s/conf-XXXXXX",
		 tmp ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(folder));
}

void
folder_remove(void)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	cr_assert_eq(system(command), 0);
}

const char *
file_write(const char *name, const char *text)
{
	static char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0600);
	return path;
}
