#include "server/control_internal.h"

#include <stdio.h>
#include <string.h>

static const struct control_command commands[] = {
	{"status", control_status, {{0}}},
	{"zones", control_zones, {{0}}},
	{"dump", control_dump, {{"zone", CONTROL_TEXT, false}}},
	{"log",
	 control_log,
	 {{"zone", CONTROL_TEXT, false}, {"last", CONTROL_COUNT, true}}},
	{"refused", control_refused, {{"last", CONTROL_COUNT, true}}},
	{"explain",
	 control_explain,
	 {{"name", CONTROL_TEXT, false},
	  {"type", CONTROL_TEXT, false},
	  {"from", CONTROL_TEXT, true}}},
	{"export-list", control_export_list, {{"zone", CONTROL_TEXT, true}}},
	{"export-add",
	 control_export_add,
	 {{"name", CONTROL_TEXT, false}, {"what", CONTROL_TEXT, false}}},
	{"export-del", control_export_del, {{"name", CONTROL_TEXT, false}}},
	{"reach-list", control_reach_list, {{"zone", CONTROL_TEXT, true}}},
	{"reach-add",
	 control_reach_add,
	 {{"name", CONTROL_TEXT, false}, {"zone", CONTROL_TEXT, true}}},
	{"reach-del",
	 control_reach_del,
	 {{"name", CONTROL_TEXT, false}, {"zone", CONTROL_TEXT, true}}},
	{"blocked", control_blocked, {{"clear", CONTROL_FLAG, true}}},
	{"flush",
	 control_flush,
	 {{"name", CONTROL_TEXT, true},
	  {"below", CONTROL_FLAG, true},
	  {"all", CONTROL_FLAG, true}}},
	{"import",
	 control_import,
	 {{"zone", CONTROL_TEXT, false},
	  {"file", CONTROL_TEXT, true},
	  {"dry-run", CONTROL_FLAG, true},
	  {"replace", CONTROL_FLAG, true}}},
	{"space", control_space, {{"name", CONTROL_TEXT, false}}},
	{"places", control_places, {{"zone", CONTROL_TEXT, false}}},
	{"drop", control_drop, {{"zone", CONTROL_TEXT, false}}},
	{"backup", control_backup, {{"dir", CONTROL_TEXT, false}}},
	{"reload", control_reload, {{0}}},
	{"stop", control_shutdown, {{0}}},
};

/* --- arguments ----------------------------------------------------------- */

const char *
control_arg_text(const json_t *args, const char *name)
{
	return json_string_value(json_object_get(args, name));
}

bool
control_arg_flag(const json_t *args, const char *name)
{
	return json_is_true(json_object_get(args, name));
}

uint64_t
control_arg_count(const json_t *args, const char *name, uint64_t absent)
{
	const json_t *value = json_object_get(args, name);

	return value == NULL ? absent : (uint64_t)json_integer_value(value);
}

enum err
control_arg_name(const json_t *args, const char *name, uint8_t *dst,
		 struct diag *d)
{
	uint8_t as_given[NAME_WIRE_MAX];
	enum err e =
		name_from_text(as_given, control_arg_text(args, name), NULL, d);

	if (e == ERR_OK)
		name_lower(dst, as_given);
	return e;
}

static const struct control_arg *
command_arg(const struct control_command *c, const char *name)
{
	for (const struct control_arg *a = c->args; a->name != NULL; a++)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

static enum err
arg_check(const struct control_arg *a, const json_t *value, struct diag *d)
{
	switch (a->kind) {
	case CONTROL_TEXT:
		if (json_is_string(value))
			return ERR_OK;
		return diag_set(d, ERR_SYNTAX, "%s must be a string", a->name);
	case CONTROL_FLAG:
		if (json_is_boolean(value))
			return ERR_OK;
		return diag_set(d, ERR_SYNTAX, "%s must be true or false",
				a->name);
	case CONTROL_COUNT:
		if (json_is_integer(value) && json_integer_value(value) > 0)
			return ERR_OK;
		return diag_set(d, ERR_SYNTAX, "%s must be a number from 1",
				a->name);
	}
	return ERR_SYNTAX;
}

/* Every argument is one that the row names, and none it asks for is missing. */
static enum err
command_check(const struct control_command *c, json_t *request, struct diag *d)
{
	const char *name;
	json_t *value;

	json_object_foreach(request, name, value)
	{
		const struct control_arg *a = command_arg(c, name);

		if (strcmp(name, "command") == 0)
			continue;
		if (a == NULL)
			return diag_set(d, ERR_SYNTAX,
					"%s takes no argument \"%s\"", c->name,
					name);
		if (arg_check(a, value, d) != ERR_OK)
			return ERR_SYNTAX;
	}
	for (const struct control_arg *a = c->args; a->name != NULL; a++)
		if (!a->optional && json_object_get(request, a->name) == NULL)
			return diag_set(d, ERR_SYNTAX, "%s needs \"%s\"",
					c->name, a->name);
	return ERR_OK;
}

/* --- a request ----------------------------------------------------------- */

static const struct control_command *
command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static enum err
request_parse(json_t **request, const char *line, size_t len, struct diag *d)
{
	json_error_t error;

	*request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (*request == NULL)
		return diag_set(d, ERR_SYNTAX, "the request is not JSON: %s",
				error.text);
	if (!json_is_object(*request))
		return diag_set(d, ERR_SYNTAX,
				"the request must be a JSON object");
	return ERR_OK;
}

static enum err
request_run(struct control_talk *t, json_t *request, json_t *result,
	    struct diag *d)
{
	const char *name = control_arg_text(request, "command");
	const struct control_command *c;
	enum err e;

	if (name == NULL)
		return diag_set(d, ERR_SYNTAX,
				"the request names no \"command\"");
	c = command_find(name);
	if (c == NULL)
		return diag_set(d, ERR_NOTFOUND,
				"this server knows no command \"%s\"", name);
	e = command_check(c, request, d);
	return e != ERR_OK ? e : c->run(t, request, result, d);
}

/* {"ok":true} and the result, or {"ok":false} and why. */
static json_t *
answer_last(enum err e, json_t *result, const struct diag *d)
{
	json_t *last = json_pack("{s:b}", "ok", e == ERR_OK);

	if (last == NULL)
		return NULL;
	if (e == ERR_OK)
		json_object_update(last, result);
	else
		json_object_set_new(last, "error",
				    control_json_text(d->text[0] != '\0'
							      ? d->text
							      : err_text(e)));
	return last;
}

bool
control_commands_run(struct control_talk *t, const char *line, size_t len)
{
	json_t *request = NULL, *result = json_object();
	struct diag d = {0};
	enum err e = request_parse(&request, line, len, &d);

	if (e == ERR_OK)
		e = request_run(t, request, result, &d);
	json_decref(request);
	e = control_item(t, answer_last(e, result, &d), &d);
	json_decref(result);
	return e == ERR_OK;
}
