/*
 * import: a zone as an RR stream that placectl has read from a zone file with
 * its own rights. Nothing in the stream is trusted: it is read, sorted and
 * checked as if the file had come here.
 */
#include "lib/log.h"
#include "server/control_internal.h"
#include "server/import_job.h"
#include "zones/import.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A pipe could keep us waiting for ever. */
static enum err
import_check_descriptor(int fd, struct diag *d)
{
	struct stat st;

	if (fd < 0)
		return diag_set(d, ERR_SYNTAX,
				"import needs a descriptor beside the request");
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return diag_set(d, ERR_SYNTAX,
				"the descriptor beside the request is no file");
	return ERR_OK;
}

static enum err
import_check_zone(const struct served *served, const uint8_t *apex,
		  struct diag *d)
{
	char text[NAME_TEXT_MAX];

	if (served_exact(served, apex) >= 0)
		return ERR_OK;
	name_to_text(text, apex);
	return diag_set(d, ERR_NOTFOUND,
			"zone %s is not in the configuration; add it there "
			"and reload first",
			text);
}

/* --- the difference, shown ----------------------------------------------- */

static json_t *
import_change_rr(const struct edit_change *c)
{
	const struct rr rr = {
		.owner = c->owner,
		.type = c->type,
		.class = RR_IN,
		.ttl = c->ttl,
		.rdata = c->rdata,
		.rdlen = c->rdlen,
	};
	char owner[NAME_TEXT_MAX], type[RR_TYPE_TEXT_MAX];
	char text[NAME_TEXT_MAX + RR_TYPE_TEXT_MAX];

	if (c->op == EDIT_ADD || c->op == EDIT_DELETE_RR)
		return control_json_rr(&rr);
	name_to_text(owner, c->owner);
	snprintf(text, sizeof(text), "%s %s", owner,
		 c->op == EDIT_DELETE_NAME ? "ANY"
					   : rr_type_to_text(type, c->type));
	return json_string(text);
}

static enum err
import_show(struct control_talk *t, const struct import_diff *diff,
	    struct diag *d)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < diff->count && e == ERR_OK; i++) {
		const struct edit_change *c = &diff->changes[i];

		e = control_item(t,
				 json_pack("{s:s, s:o}", "op",
					   c->op == EDIT_ADD ? "+" : "-", "rr",
					   import_change_rr(c)),
				 d);
	}
	return e;
}

/* The difference to what the store holds now. Shown whole if all, else only if
 * it is one that somebody may want to read. */
static enum err
import_compare(struct control_talk *t, const struct import_set *set,
	       bool replace, bool all, struct import_outcome *out,
	       struct diag *d)
{
	struct import_diff diff = {0};
	enum err e = control_view_begin(t, d);

	if (e != ERR_OK)
		return e;
	e = import_diff_make(&diff, t->view, set, replace, d);
	if (e == ERR_OK && (all || diff.count <= IMPORT_SMALL))
		e = import_show(t, &diff, d);
	control_view_end(t);
	out->removed = diff.removed;
	out->added = diff.added;
	out->kept = diff.kept;
	import_diff_free(&diff);
	return e;
}

/* --- the difference, made ------------------------------------------------ */

/*
 * Shown, then made. What is made is compared anew: an update that comes between
 * the two is not undone for having been missed here.
 */
static enum err
import_make(struct control_talk *t, const struct import_set *set, bool replace,
	    const char *who, struct import_outcome *out, struct diag *d)
{
	const struct control_server *server = t->server;
	char zone[NAME_TEXT_MAX];
	enum err e = import_compare(t, set, replace, false, out, d);

	if (e == ERR_OK)
		e = import_job_run(server->imports, server->store,
				   server->writer, set, replace,
				   &t->served->limits, who, out, d);
	if (e != ERR_OK)
		return e;
	name_to_text(zone, set->apex);
	log_notice("zone %s: %s imported: %zu removed, %zu added, serial %u",
		   zone, who, out->removed, out->added, out->serial);
	return ERR_OK;
}

/* For the journal: "file lounge.zone". */
static void
import_who(char *who, size_t cap, const char *file)
{
	const char *slash = strrchr(file, '/');

	snprintf(who, cap, "file %s", slash == NULL ? file : slash + 1);
}

static enum err
import_run(struct control_talk *t, const json_t *args, struct import_set *set,
	   json_t *result, struct diag *d)
{
	const char *file = control_arg_text(args, "file");
	bool replace = control_arg_flag(args, "replace");
	bool dry = control_arg_flag(args, "dry-run");
	struct import_outcome out = {0};
	char who[64];
	enum err e;

	if (file == NULL)
		file = "stream";
	import_who(who, sizeof(who), file);
	e = import_set_read(set, t->passed, file, d);
	if (e == ERR_OK)
		e = import_set_finish(set, &t->served->limits, d);
	if (e == ERR_OK)
		e = dry ? import_compare(t, set, replace, true, &out, d)
			: import_make(t, set, replace, who, &out, d);
	if (e != ERR_OK)
		return e;
	if (!dry)
		json_object_set_new(result, "serial", json_integer(out.serial));
	json_object_set_new(result, "removed",
			    json_integer((json_int_t)out.removed));
	json_object_set_new(result, "added",
			    json_integer((json_int_t)out.added));
	json_object_set_new(result, "kept", json_integer((json_int_t)out.kept));
	return ERR_OK;
}

enum err
control_import(struct control_talk *t, const json_t *args, json_t *result,
	       struct diag *d)
{
	uint8_t apex[NAME_WIRE_MAX];
	struct import_set set;
	enum err e = control_arg_name(args, "zone", apex, d);

	if (e == ERR_OK)
		e = import_check_zone(t->served, apex, d);
	if (e == ERR_OK)
		e = import_check_descriptor(t->passed, d);
	if (e != ERR_OK)
		return e;
	import_set_init(&set, apex);
	e = import_run(t, args, &set, result, d);
	import_set_free(&set);
	return e;
}
