/* placectl explain */
#include "tools/ctl.h"

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
show_cached(const json_t *cached)
{
	const char *state = ctl_string(cached, "state");

	if (cached == NULL)
		return;
	if (strcmp(state, "nothing") == 0)
		puts("  cached: nothing");
	else
		printf("  cached: %s, %lld s old, %lld s left\n", state,
		       ctl_number(cached, "age"), ctl_number(cached, "left"));
}

static void
show_step(const json_t *step)
{
	const char *zone = ctl_string(step, "zone");
	const char *hint = ctl_string(step, "hint");
	const json_t *rrs = json_object_get(step, "rrs");

	printf("  %s%s%s%s\n  %s: %s\n", ctl_string(step, "name"),
	       zone[0] == '\0' ? "" : " in zone ", zone,
	       json_is_false(json_object_get(step, "inside"))
		       ? ", seen from outside"
		       : "",
	       ctl_string(step, "result"), ctl_string(step, "why"));
	for (size_t i = 0; i < json_array_size(rrs); i++)
		show_rr(json_array_get(rrs, i));
	show_cached(json_object_get(step, "cached"));
	if (hint[0] != '\0')
		printf("  to change that: %s\n", hint);
}

static void
show_rule(const json_t *rule)
{
	printf("  may be changed with key %s (rule in line %lld)\n",
	       ctl_string(rule, "key"), ctl_number(rule, "line"));
}

static void
show_explained(const struct ctl *c, const json_t *x)
{
	const json_t *steps = json_object_get(x, "steps");
	const json_t *rules = json_object_get(x, "rules");
	const char *from = ctl_string(x, "from");

	(void)c;
	printf("%s %s%s%s\n", ctl_string(x, "name"), ctl_string(x, "type"),
	       from[0] == '\0' ? "" : " from ", from);
	for (size_t i = 0; i < json_array_size(steps); i++)
		show_step(json_array_get(steps, i));
	if (json_array_size(rules) == 0)
		puts("  no key may change it");
	for (size_t i = 0; i < json_array_size(rules); i++)
		show_rule(json_array_get(rules, i));
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
