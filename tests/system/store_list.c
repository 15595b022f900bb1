/*
 * What a store holds, id by id, for tests that look behind the server; it may
 * be running.
 *
 *   zone APEX ID RECORDS      a zone's record
 *   build ID, erase ID        an id that is being built, that is to be erased
 *   nodes ID COUNT            entries of the tables under an id
 *   journal ID COUNT
 *   located ID COUNT          points that the nodes of an id tell of
 *   points ID COUNT           those of them that the index of cells has
 */
#include "lib/name.h"
#include "zones/places.h"
#include "zones/store.h"
#include "zones/zone.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ID_LEN 4

static enum err
list_zones(struct store_view *v)
{
	uint8_t apex[NAME_WIRE_MAX] = {0};
	char text[NAME_TEXT_MAX];
	struct zone_record z;
	bool first = true;
	enum err e;

	while ((e = zone_record_next(v, &first, apex, &z)) == ERR_OK) {
		name_to_text(text, apex);
		printf("zone %s %" PRIu32 " %" PRIu64 "\n", text, z.id,
		       z.records);
	}
	return e;
}

/* Rows of the meta table: the word, a NUL, the id. */
static enum err
list_marks(struct store_view *v, const char *word)
{
	size_t len = strlen(word) + 1;
	struct store_value key;
	enum err e = store_seek(v, STORE_META, word, len, &key, NULL);

	while (e == ERR_OK && key.len == len + ID_LEN &&
	       memcmp(key.octets, word, len) == 0) {
		printf("%s %" PRIu32 "\n", word, get32(key.octets + len));
		e = store_next(v, STORE_META, &key, NULL);
	}
	return e == ERR_OK ? ERR_NOTFOUND : e;
}

static enum err
list_entries(struct store_view *v, enum store_table table, const char *word)
{
	struct store_value key;
	uint64_t count = 0;
	uint32_t id = 0;
	enum err e = store_seek(v, table, "", 0, &key, NULL);

	for (; e == ERR_OK; e = store_next(v, table, &key, NULL)) {
		if (key.len < ID_LEN)
			return ERR_CORRUPT;
		if (count > 0 && get32(key.octets) != id) {
			printf("%s %" PRIu32 " %" PRIu64 "\n", word, id, count);
			count = 0;
		}
		id = get32(key.octets);
		count++;
	}
	if (count > 0)
		printf("%s %" PRIu32 " %" PRIu64 "\n", word, id, count);
	return e;
}

/* What comes under one id in a row. */
struct tally {
	const char *word;
	uint32_t id;
	uint64_t count;
};

static void
tally_print(struct tally *t)
{
	if (t->count > 0)
		printf("%s %" PRIu32 " %" PRIu64 "\n", t->word, t->id,
		       t->count);
	t->count = 0;
}

static void
tally_add(struct tally *t, const struct store_value *key, uint64_t count)
{
	if (get32(key->octets) != t->id)
		tally_print(t);
	t->id = get32(key->octets);
	t->count += count;
}

static enum err
list_located(struct store_view *v)
{
	struct tally t = {.word = "located"};
	struct store_value key, value, *values;
	struct node node;
	struct arena a;
	size_t count;
	enum err e;

	arena_init_growing(&a);
	e = store_seek(v, STORE_NODES, "", 0, &key, &value);
	while (e == ERR_OK) {
		if (!node_open(&node, value.octets, value.len))
			e = ERR_CORRUPT;
		else
			e = places_of(v, key.octets, key.len, &node,
				      PLACES_POINTS, &a, &values, &count);
		if (e != ERR_OK)
			break;
		tally_add(&t, &key, count);
		arena_reset(&a);
		e = store_next(v, STORE_NODES, &key, &value);
	}
	tally_print(&t);
	arena_free(&a);
	return e;
}

static enum err
list_points(struct store_view *v)
{
	struct tally t = {.word = "points"};
	struct store_value key;
	enum err e = store_seek(v, STORE_CELLS, "", 0, &key, NULL);

	for (; e == ERR_OK; e = store_next(v, STORE_CELLS, &key, NULL)) {
		if (key.len != PLACES_KEY_LEN)
			return ERR_CORRUPT;
		tally_add(&t, &key, key.octets[ID_LEN] == PLACES_POINT);
	}
	tally_print(&t);
	return e;
}

static enum err
list(struct store *s)
{
	struct store_view *v = store_reader_new(s);
	enum err e = v != NULL ? store_reader_begin(v) : ERR_NOMEM;

	if (e == ERR_OK) {
		e = list_zones(v);
		if (e == ERR_NOTFOUND)
			e = list_marks(v, "build");
		if (e == ERR_NOTFOUND)
			e = list_marks(v, "erase");
		if (e == ERR_NOTFOUND)
			e = list_entries(v, STORE_NODES, "nodes");
		if (e == ERR_NOTFOUND)
			e = list_entries(v, STORE_JOURNAL, "journal");
		if (e == ERR_NOTFOUND)
			e = list_located(v);
		if (e == ERR_NOTFOUND)
			e = list_points(v);
		store_reader_end(v);
	}
	store_reader_free(v);
	return e == ERR_NOTFOUND ? ERR_OK : e;
}

int
main(int argc, char **argv)
{
	const struct store_options options = {.readers = 1, .read_only = true};
	struct store *s;
	struct diag d = {0};
	enum err e;

	if (argc != 2) {
		fprintf(stderr, "usage: store_list DIRECTORY\n");
		return 2;
	}
	e = store_open(&s, argv[1], &options, &d);
	if (e != ERR_OK) {
		fprintf(stderr, "%s\n", d.text);
		return 1;
	}
	e = list(s);
	store_close(s);
	if (e != ERR_OK)
		fprintf(stderr, "%s: %s\n", argv[1], err_text(e));
	return e == ERR_OK ? 0 : 1;
}
