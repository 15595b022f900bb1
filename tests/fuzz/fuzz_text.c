/*
 * Zone text of any kind: each is taken or refused with a sentence, and what is
 * taken goes out as text that comes back the same. $INCLUDE has no folder to
 * read from.
 */
#include "lib/name.h"
#include "zones/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t house[] = "\005house";

#define ROUND_TRIPS 64 /* $GENERATE makes many; each costs a parse */

struct taken {
	unsigned count;
};

static enum err
same(void *ctx, const struct rr *rr, struct text_place place, struct diag *d)
{
	const struct rr *was = ctx;

	(void)place;
	(void)d;
	if (rr->type != was->type || rr->ttl != was->ttl ||
	    !name_equal(rr->owner, was->owner) || rr->rdlen != was->rdlen ||
	    memcmp(rr->rdata, was->rdata, was->rdlen) != 0)
		abort();
	return ERR_OK;
}

static enum err
take(void *ctx, const struct rr *rr, struct text_place place, struct diag *d)
{
	struct taken *t = ctx;
	char *line;

	(void)place;
	if (!rr_rdata_valid(rr->type, rr->rdata, rr->rdlen) ||
	    !name_at_or_below(rr->owner, house) || rr->ttl > INT32_MAX)
		abort();
	if (t->count++ >= ROUND_TRIPS)
		return ERR_OK;
	line = text_from_rr(rr);
	if (!line ||
	    text_read_string(line, "out", house, same, (void *)rr, d) != ERR_OK)
		abort();
	free(line);
	return ERR_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	struct taken t = {0};
	struct diag d = {""};
	enum err e;

	must(text != NULL);
	memcpy(text, data, len);
	text[len] = 0;
	e = text_read_string(text, "/nonexistent/zone", house, take, &t, &d);
	if ((e == ERR_OK) != (d.text[0] == '\0'))
		abort();
	free(text);
	return 0;
}
