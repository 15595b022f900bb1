/* What became of a plan, for people and for programs. */
#include "tools/plan.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

void
plan_report_count(const struct plan *p, struct plan_counts *counts)
{
	*counts = (struct plan_counts){0};
	for (size_t i = 0; i < p->count; i++) {
		switch (p->items[i]->kind) {
		case PLAN_ROOM:
			counts->rooms++;
			break;
		case PLAN_SPOT:
			counts->spots++;
			break;
		case PLAN_LEVEL:
			counts->levels++;
			break;
		case PLAN_THING:
			counts->things++;
			break;
		}
	}
	for (size_t i = 0; i < p->remark_count; i++)
		if (p->remarks[i].left)
			counts->left++;
}

/* --- for people ---------------------------------------------------------- */

/* By file, what is left out first, by reason, in the plan's order. */
static int
remark_cmp(const void *a, const void *b)
{
	const struct plan_remark *x = *(const struct plan_remark *const *)a;
	const struct plan_remark *y = *(const struct plan_remark *const *)b;
	int c = strcmp(x->file, y->file);

	if (c == 0)
		c = y->left - x->left;
	if (c == 0)
		c = strcmp(x->reason, y->reason);
	return c != 0 ? c : (x > y) - (x < y);
}

static bool
remark_together(const struct plan_remark *a, const struct plan_remark *b)
{
	return a->left == b->left && strcmp(a->file, b->file) == 0 &&
	       strcmp(a->reason, b->reason) == 0;
}

static void
report_plural(FILE *out, size_t count, const char *one, const char *many)
{
	if (count > 0)
		fprintf(out, "%zu %s, ", count, count == 1 ? one : many);
}

void
plan_report_write(const struct plan *p, FILE *out)
{
	struct plan_counts n;
	const struct plan_remark **list =
		calloc(p->remark_count + 1, sizeof(struct plan_remark *));

	if (list == NULL)
		return;
	for (size_t i = 0; i < p->remark_count; i++)
		list[i] = &p->remarks[i];
	qsort(list, p->remark_count, sizeof(struct plan_remark *), remark_cmp);
	for (size_t i = 0; i < p->remark_count;) {
		size_t end = i + 1;

		while (end < p->remark_count &&
		       remark_together(list[i], list[end]))
			end++;
		fprintf(out, "%s: %s%s (%zu):", list[i]->file,
			list[i]->left ? "left out: " : "", list[i]->reason,
			end - i);
		for (; i < end; i++)
			fprintf(out, " %s%s", list[i]->id,
				i + 1 < end ? "," : "");
		putc('\n', out);
	}
	free(list);
	plan_report_count(p, &n);
	fputs("placectl: ", out);
	report_plural(out, n.rooms, "room", "rooms");
	report_plural(out, n.spots, "spot", "spots");
	report_plural(out, n.things, "thing", "things");
	report_plural(out, n.levels, "floor", "floors");
	fprintf(out, "%zu left out\n", n.left);
}

/* --- for programs -------------------------------------------------------- */

/* What is no UTF-8 (in a file's name) becomes '?'. */
static json_t *
report_string(const char *text)
{
	json_t *value = json_string(text);
	char *copy = value != NULL ? NULL : strdup(text);

	for (char *at = copy; at != NULL && *at != '\0'; at++)
		if ((unsigned char)*at > 0x7f)
			*at = '?';
	if (copy != NULL)
		value = json_string(copy);
	free(copy);
	return value != NULL ? value : json_null();
}

void
plan_report_json(const struct plan *p, FILE *out)
{
	json_t *left = json_array(), *notes = json_array(), *report;
	char origin[NAME_TEXT_MAX];
	struct plan_counts n;

	plan_report_count(p, &n);
	name_to_text(origin, p->origin);
	for (size_t i = 0; i < p->remark_count; i++) {
		const struct plan_remark *r = &p->remarks[i];

		json_array_append_new(r->left ? left : notes,
				      json_pack("{s:o, s:o, s:o}", "file",
						report_string(r->file), "id",
						report_string(r->id), "reason",
						report_string(r->reason)));
	}
	report = json_pack("{s:b, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "ok", 1,
			   "zone", origin, "rooms", (json_int_t)n.rooms,
			   "spots", (json_int_t)n.spots, "things",
			   (json_int_t)n.things, "floors", (json_int_t)n.levels,
			   "left", left, "notes", notes);
	json_dumpf(report, out, JSON_COMPACT);
	putc('\n', out);
	json_decref(report);
}
