/* placectl export, placectl reach, placectl blocked, placectl flush */
#include "tools/ctl.h"

#include <stdlib.h>
#include <string.h>

/* {"command": "export-add"}: the command and its first operand. NULL: there is
 * no such operand, or too few or many behind it; that has been said. */
static json_t *
boundary_request(const struct ctl *c)
{
	static const struct {
		const char *verb;
		unsigned least, most; /* operands behind it */
	} verbs[] = {
		{"list", 0, 1}, {"add", 1, CTL_OPERANDS_MAX}, {"del", 1, 1}};
	char command[32];

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (strcmp(c->operand[0], verbs[i].verb) != 0)
			continue;
		if (c->operands - 1 < verbs[i].least ||
		    c->operands - 1 > verbs[i].most)
			break;
		snprintf(command, sizeof(command), "%s-%s", c->command->name,
			 verbs[i].verb);
		return json_pack("{s:s}", "command", command);
	}
	ctl_misused(c, "usage:\n%s",
		    strcmp(c->command->name, "export") == 0
			    ? "  placectl export list [ZONE]\n"
			      "  placectl export add NAME TYPE… [private]\n"
			      "  placectl export del NAME"
			    : "  placectl reach list [ZONE]\n"
			      "  placectl reach add NAME [--zone ZONE]\n"
			      "  placectl reach del NAME [--zone ZONE]");
	return NULL;
}

static bool
is_verb(const struct ctl *c, const char *verb)
{
	return strcmp(c->operand[0], verb) == 0;
}

static void
request_set(json_t *request, const char *name, const char *text)
{
	if (text != NULL)
		json_object_set_new(request, name, ctl_text(text));
}

/* --- lists --------------------------------------------------------------- */

static void
show_entry(const struct ctl *c, const json_t *entry)
{
	const char *error = ctl_string(entry, "error");
	const char *zone = ctl_string(entry, "zone");
	const char *text = ctl_string(entry, "entry");

	(void)c;
	if (zone[0] == '\0') /* it is in reach for every space */
		zone = "configuration";
	if (text[0] == '\0')
		text = ctl_string(entry, "name");
	printf("%-24s  %s", zone, text);
	if (error[0] != '\0')
		printf("  (not in force: %s)", error);
	putchar('\n');
}

static void
print_types(const json_t *types)
{
	for (size_t i = 0; i < json_array_size(types); i++)
		printf("%s%s", i == 0 ? "" : ", ",
		       json_string_value(json_array_get(types, i)));
}

/* --- export -------------------------------------------------------------- */

static void
show_exported(const struct ctl *c, const json_t *result)
{
	const json_t *seen = json_object_get(result, "seen");
	const json_t *kept = json_object_get(result, "kept");

	(void)c;
	printf("%s is seen outside with ", ctl_string(result, "name"));
	if (json_array_size(seen) == 0)
		printf("nothing yet");
	print_types(seen);
	putchar('\n');
	if (json_array_size(kept) == 0)
		return;
	print_types(kept);
	puts(" stays inside: what is private leaves by an entry that ends in "
	     "`private`");
}

/* The words behind the name, as one text. */
static char *
join_words(const struct ctl *c, unsigned from)
{
	size_t len = 1, at = 0;
	char *text;

	for (unsigned i = from; i < c->operands; i++)
		len += strlen(c->operand[i]) + 1;
	text = malloc(len);
	if (text == NULL)
		return NULL;
	text[0] = '\0';
	for (unsigned i = from; i < c->operands; i++)
		at += (size_t)snprintf(text + at, len - at, "%s%s",
				       i == from ? "" : " ", c->operand[i]);
	return text;
}

enum ctl_exit
cmd_export(struct ctl *c)
{
	json_t *request = boundary_request(c);
	char *what;

	if (request == NULL)
		return CTL_USAGE;
	request_set(request, is_verb(c, "list") ? "zone" : "name",
		    c->operand[1]);
	if (!is_verb(c, "add"))
		return ctl_call(c, request, -1, show_entry, NULL);
	what = join_words(c, 2);
	request_set(request, "what", what);
	free(what);
	return ctl_call(c, request, -1, NULL, show_exported);
}

/* --- reach --------------------------------------------------------------- */

static void
show_reached(const struct ctl *c, const json_t *result)
{
	(void)c;
	printf("%s is in reach of %s\n", ctl_string(result, "name"),
	       ctl_string(result, "zone"));
	if (json_is_false(json_object_get(result, "uplink")))
		puts("but there is nobody to ask: name a server under uplink: "
		     "forward in the configuration, and reload");
}

enum ctl_exit
cmd_reach(struct ctl *c)
{
	json_t *request;

	if (is_verb(c, "list") && ctl_option(c, "zone") != NULL)
		return ctl_misused(c, "reach list takes the ZONE without "
				      "--zone");
	if (is_verb(c, "add") && c->operands > 2)
		return ctl_misused(c, "reach add takes one NAME; --zone ZONE "
				      "says for whose inside");
	request = boundary_request(c);
	if (request == NULL)
		return CTL_USAGE;
	if (is_verb(c, "list")) {
		request_set(request, "zone", c->operand[1]);
		return ctl_call(c, request, -1, show_entry, NULL);
	}
	request_set(request, "name", c->operand[1]);
	request_set(request, "zone", ctl_option(c, "zone"));
	return ctl_call(c, request, -1, NULL,
			is_verb(c, "add") ? show_reached : NULL);
}

/* --- blocked ------------------------------------------------------------- */

static void
show_blocked(const struct ctl *c, const json_t *name)
{
	char last[CTL_TIME_MAX];

	(void)c;
	printf("%9lld  %s  %-15s  %s %s\n", ctl_number(name, "count"),
	       ctl_time(last, ctl_number(name, "last")),
	       ctl_string(name, "from"), ctl_string(name, "name"),
	       ctl_string(name, "type"));
}

static void
show_blocked_end(const struct ctl *c, const json_t *result)
{
	(void)c;
	if (ctl_number(result, "total") == 0)
		puts("nothing has tried to leave");
	else
		puts("placectl reach add NAME lets the inside ask for one");
}

enum ctl_exit
cmd_blocked(struct ctl *c)
{
	bool clear = ctl_option(c, "clear") != NULL;
	json_t *request = ctl_request(c);

	if (clear)
		json_object_set_new(request, "clear", json_true());
	return ctl_call(c, request, -1, show_blocked,
			clear ? NULL : show_blocked_end);
}

/* --- flush --------------------------------------------------------------- */

static void
show_flushed(const struct ctl *c, const json_t *result)
{
	long long n = ctl_number(result, "removed");

	(void)c;
	printf("%lld %s forgotten\n", n, n == 1 ? "answer" : "answers");
}

enum ctl_exit
cmd_flush(struct ctl *c)
{
	bool all = ctl_option(c, "all") != NULL;
	bool below = ctl_option(c, "below") != NULL;
	json_t *request;

	if (all == (c->operands == 1) || (all && below))
		return ctl_misused(c, "flush takes a NAME, --below NAME, or "
				      "--all");
	request = ctl_request(c);
	request_set(request, "name", c->operand[0]);
	if (all || below)
		json_object_set_new(request, all ? "all" : "below",
				    json_true());
	return ctl_call(c, request, -1, NULL, show_flushed);
}
