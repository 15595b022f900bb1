/* placed.yaml(5), as the table of settings prints it. */
#include "tests/unit/conf_words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *
manual(void)
{
	static char text[65536];
	FILE *f = fmemopen(text, sizeof(text), "w");

	conf_print_manual(f);
	cr_assert_lt(ftell(f), (long)sizeof(text) - 1);
	fclose(f);
	return text;
}

Test(conf_manual, it_is_a_whole_page)
{
	static const char *const parts[] = {
		".TH placed.yaml 5", ".SH NAME",    ".SH DESCRIPTION",
		".SH SETTINGS",	     ".SH EXAMPLE", ".SH SEE ALSO"};
	const char *text = manual();
	const char *at = text;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		at = strstr(at, parts[i]);
		cr_assert_not_null(at, "%s", parts[i]);
	}
}

Test(conf_manual, every_setting_has_type_default_and_prose)
{
	static const char *const keys[] = {"listen",
					   "store",
					   "store\\-limit",
					   "journal\\-limit",
					   "workers",
					   "user",
					   "control",
					   "control\\-mode",
					   "udp\\-payload",
					   "tcp\\-idle",
					   "tcp\\-connections",
					   "tcp\\-per\\-address",
					   "tcp\\-pipeline",
					   "version",
					   "identity",
					   "nsid",
					   "rrset\\-limit",
					   "types\\-limit",
					   "log",
					   "keys",
					   "zones",
					   "name",
					   "algorithm",
					   "secret",
					   "secret\\-file",
					   "file",
					   "inside",
					   "loc\\-outside",
					   "update",
					   "key",
					   "names",
					   "types",
					   "uplink",
					   "forward",
					   "roots",
					   "reach",
					   "private",
					   "ca\\-file",
					   "case\\-random",
					   "cache\\-limit",
					   "ttl\\-min",
					   "ttl\\-max",
					   "negative\\-max",
					   "stale\\-max",
					   "waiting\\-per\\-client",
					   "space",
					   "k",
					   "k\\-max",
					   "radius\\-max",
					   "hits\\-max",
					   "scan\\-max",
					   "ttl",
					   "gather"};
	const char *text = manual();
	char want[64];

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *at, *next;

		snprintf(want, sizeof(want), ".TP\n.B %s\n", keys[i]);
		at = strstr(text, want);
		cr_assert_not_null(at, "%s", keys[i]);
		next = strstr(at + 1, "\n.TP");
		at = strstr(at, "\nType: ");
		cr_assert(at && (!next || at < next), "%s", keys[i]);
	}
	cr_expect_not_null(strstr(text, "Range: 512 to 4096."));
	cr_expect_not_null(strstr(text, "Default: 127.0.0.1@53, ::1@53."));
}

/* What troff makes of the lines between .RS and .RE, near enough. */
static void
unescape(char *dst, const char *from, const char *end)
{
	for (; from < end; from++) {
		if (from[0] == '\\' && from[1] == '-')
			from++;
		*dst++ = *from;
	}
	*dst = 0;
}

Test(conf_manual, its_example_is_a_configuration, .init = folder_make,
     .fini = folder_remove)
{
	const char *text = manual();
	char example[2048];
	const char *from = strstr(text, ".nf\n.RS\n") + 8;
	const char *end = strstr(from, ".RE");
	struct diag d = {""};
	struct conf *c;

	cr_assert_not_null(end);
	unescape(example, from, end);
	file_write("room.key", "aGVsbG8gd29ybGQ=");
	c = conf_read(file_write("placed.yaml", example), &d);
	cr_assert_not_null(c, "%s", d.text);
	cr_expect_eq(c->zone_count, 1);
	cr_expect_eq(c->keys.count, 1);
	conf_free(c);
}
