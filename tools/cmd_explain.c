/* placectl explain */
#include "tools/ctl.h"

#include <stdlib.h>
#include <string.h>

static void
show_rr(const json_t *rr)
{
	const char *key = ctl_string(rr, "key");

	printf("    %s  ; %s%s%s\n", ctl_string(rr, "rr"),
	       ctl_string(rr, "origin"), key[0] == '\0' ? "" : " with key ",
	       key);
}

static void
show_step(const json_t *step)
{
	const char *zone = ctl_string(step, "zone");
	json_t *rr;
	size_t i;

	printf("  %s%s%s\n  %s: %s\n", ctl_string(step, "name"),
	       zone[0] == '\0' ? "" : " in zone ", zone,
	       ctl_string(step, "result"), ctl_string(step, "why"));
	json_array_foreach(json_object_get(step, "rrs"), i, rr) show_rr(rr);
}

static void
show_explained(const struct ctl *c, const json_t *x)
{
	const json_t *rules = json_object_get(x, "rules");
	const char *from = ctl_string(x, "from");
	json_t *value;
	size_t i;

	(void)c;
	printf("%s %s%s%s\n", ctl_string(x, "name"), ctl_string(x, "type"),
	       from[0] == '\0' ? "" : " from ", from);
	json_array_foreach(json_object_get(x, "steps"), i, value)
		show_step(value);
	if (json_array_size(rules) == 0)
		puts("  no key may change it");
	json_array_foreach(rules, i, value)
		printf("  may be changed with key %s (rule in line %lld)\n",
		       ctl_string(value, "key"), ctl_number(value, "line"));
}

enum ctl_exit
cmd_explain(struct ctl *c)
{
	const char *from = ctl_option(c, "from");
	json_t *request = ctl_request(c);

	json_object_set_new(request, "name", ctl_text(c->operand[0]));
	json_object_set_new(request, "type", ctl_text(c->operand[1]));
	if (from != NULL)
		json_object_set_new(request, "from", ctl_text(from));
	return ctl_call(c, request, -1, NULL, show_explained);
}
