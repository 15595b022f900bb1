#include "tests/unit/import_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct diag diag;
size_t kept;

void
open_empty(void)
{
	struct store_txn *t;

	open_store();
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	cr_assert_eq(edit_zone_drop(t, apex), ERR_OK);
	cr_assert_eq(store_txn_commit(t), ERR_OK);
}

enum err
set_read(struct import_set *s, const char *text)
{
	enum err e;

	import_set_init(s, apex);
	diag.text[0] = '\0';
	e = text_read_string(text, "f", apex, import_set_add, s, &diag);
	return e == ERR_OK ? import_set_finish(s, &limits, &diag) : e;
}

struct import_set
set_of(const char *text)
{
	struct import_set s;

	cr_assert_eq(set_read(&s, text), ERR_OK, "%s", diag.text);
	return s;
}

enum err
try_import(const char *text, bool replace)
{
	struct import_set s = set_of(text);
	struct import_diff diff;
	struct store_txn *t;
	enum err e;

	memset(&result, 0, sizeof(result));
	cr_assert_eq(store_txn_begin(store, &t), ERR_OK);
	e = import_diff_make(&diff, store_txn_view(t), &s, replace,
			     &result.diag);
	kept = diff.kept;
	if (e == ERR_OK) {
		e = import_apply(t, &s, &diff, &limits, 1764000000, NULL,
				 "file f", &result);
		cr_assert_not(result.spoilt);
		if (e == ERR_OK) {
			cr_assert_eq(diff.removed, result.removed);
			cr_assert_eq(diff.added, result.added);
		}
	}
	cr_assert_eq(store_txn_commit(t), ERR_OK);
	import_diff_free(&diff);
	import_set_free(&s);
	return e;
}

void
import(const char *text)
{
	cr_assert_eq(try_import(text, false), ERR_OK, "%s", result.diag.text);
}

char *
whole(bool origins)
{
	struct store_view *v = store_reader_new(store);
	struct zone_record z;
	uint8_t name[NAME_WIRE_MAX];
	struct lookup_walk w;
	struct rrset set;
	struct node n;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	cr_assert_eq(store_reader_begin(v), ERR_OK);
	cr_assert_eq(zone_record_get(v, apex, &z), ERR_OK);
	lookup_walk_init(&w, z.id, apex);
	while (lookup_walk_next(&w, v, name, &n) == ERR_OK)
		for (size_t at = 0; node_next(&n, &at, &set);) {
			struct rr rr = {.owner = name,
					.type = set.type,
					.ttl = set.ttl};
			unsigned i = 0;

			for (size_t p = 0;
			     rrset_next(&set, &p, &rr.rdata, &rr.rdlen);) {
				char *line = text_from_rr(&rr);

				fprintf(out, "%s", line);
				if (origins)
					fprintf(out, " ; %u",
						rrset_meta(&set, i).origin);
				fputc('\n', out);
				i++;
				free(line);
			}
		}
	fclose(out);
	store_reader_free(v);
	return text;
}
