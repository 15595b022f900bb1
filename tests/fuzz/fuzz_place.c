/*
 * Octets as a LOC; behind it a footprint, which is asked, written and read
 * again; and the same octets as a question about space below the root.
 */
#include "lib/name.h"
#include "zones/place.h"
#include "zones/space_question.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t memory[40000];

/* Rings as they were read, written about the same LOC, are read again. */
static void
written_again(const struct place_footprint *fp)
{
	static uint8_t rdata[200000];
	struct place_outline o = {
		.at = fp->at.spot,
		.ring = fp->ring,
		.rings = fp->rings,
		.has_heights = fp->has_heights,
		.heights = fp->heights,
		.level = fp->level,
		.levels = fp->levels,
	};
	struct place_footprint again;
	struct arena a;
	size_t len;

	arena_init_growing(&a);
	if (place_footprint_format(rdata, sizeof(rdata), &len, &o, NULL) ==
		    ERR_OK &&
	    place_footprint_parse(&again, rdata, len, &fp->at, &a, NULL) ==
		    ERR_OK) {
		must(again.rings == fp->rings && again.levels == fp->levels);
		must(again.has_heights == fp->has_heights);
	}
	arena_free(&a);
}

static void
footprint_ask(const struct place_footprint *fp)
{
	double latlon[8][2];
	struct place_spot spot;

	must(fp->area > 0 && fp->rings > 0 && fp->ring[0].count >= 3);
	must(fp->sw.lat <= fp->ne.lat);
	place_footprint_contains(fp, fp->at.spot);
	for (unsigned i = 0; i < fp->ring[0].count && i < 100; i++) {
		must(place_box_has(fp->sw, fp->ne, fp->ring[0].corner[i]));
		place_footprint_contains(fp, fp->ring[0].corner[i]);
	}
	must(place_footprint_degrees(fp, fp->rings - 1, latlon, 8) >= 3);
	must(place_size_cm(place_footprint_size(fp)) >= 2 * fp->radius);
	if (fp->ring[0].count < 12 && fp->rings < 3 && fp->radius < 100000 &&
	    place_label_spot(&spot, fp->ring, fp->rings))
		must(place_footprint_contains(fp, spot));
	written_again(fp);
}

static void
place_check(const uint8_t *data, size_t size)
{
	struct place_point at = {{149975624, -329534718}, 21600, 0, 0, 0};
	uint8_t back[PLACE_LOC_LEN];
	struct place_footprint fp;
	struct diag d = {.text = ""};
	struct arena a;
	enum err e;

	if (size >= PLACE_LOC_LEN &&
	    place_from_loc(&at, data, PLACE_LOC_LEN, &d) == ERR_OK) {
		must(place_point_valid(&at));
		place_to_loc(back, &at);
		must(memcmp(back, data, PLACE_LOC_LEN) == 0);
		data += PLACE_LOC_LEN;
		size -= PLACE_LOC_LEN;
	}
	arena_init_fixed(&a, memory, sizeof(memory));
	e = place_footprint_parse(&fp, data, size, &at, &a, &d);
	must(e == ERR_OK || d.text[0] != '\0');
	if (e == ERR_OK)
		footprint_ask(&fp);
}

/* Written, it is the same question; each of its tails exists. */
static void
question_check(const struct space_question *q, const uint8_t *name)
{
	uint8_t canonical[NAME_WIRE_MAX], again[NAME_WIRE_MAX];
	struct space_question other;

	if (space_question_write(canonical, q, q->scope) > 0) {
		must(space_question_parse(&other, canonical, name_root, NULL) ==
		     SPACE_VALID);
		must(other.kind == q->kind &&
		     name_equal(other.scope, q->scope));
		must(space_question_write(again, &other, q->scope) > 0);
		must(name_equal(canonical, again));
	}
	must(space_question_move(again, q, name, q->scope) == name_len(name));
	must(name_equal(again, name));
	for (; name < q->scope; name += 1 + *name)
		switch (space_question_parse(&other, name, name_root, NULL)) {
		case SPACE_VALID:
		case SPACE_TAIL:
			break;
		case SPACE_NONE:
		case SPACE_IMPOSSIBLE:
			must(false);
		}
}

static void
name_check(const uint8_t *data, size_t size)
{
	struct space_question q;
	char why[SPACE_WHY_MAX] = "";
	enum space_outcome outcome;
	size_t used;

	if (!name_valid(data, size, &used))
		return;
	outcome = space_question_parse(&q, data, name_root, why);
	must((outcome == SPACE_IMPOSSIBLE) == (why[0] != '\0'));
	must((outcome != SPACE_NONE) == space_name_reserved(data, name_root));
	for (const char *c = why; *c; c++)
		must(*c >= ' ' && *c <= '~');
	if (outcome == SPACE_VALID)
		question_check(&q, data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	place_check(data, size);
	name_check(data, size);
	return 0;
}
