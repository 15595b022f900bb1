#include "resolver/failed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
	uint64_t hash, until;
	int ede;
	char text[FAILED_TEXT_MAX];
	size_t len;
	uint8_t key[];
};

struct failed {
	struct page *pages[FAILED_MAX];
};

struct failed *
failed_new(void)
{
	return calloc(1, sizeof(struct failed));
}

void
failed_clear(struct failed *f)
{
	for (unsigned i = 0; i < FAILED_MAX; i++) {
		free(f->pages[i]);
		f->pages[i] = NULL;
	}
}

void
failed_free(struct failed *f)
{
	if (f == NULL)
		return;
	failed_clear(f);
	free(f);
}

static struct page **
page_of(struct failed *f, const struct failed_key *k)
{
	return &f->pages[(k->hash ^ k->hash >> 32) % FAILED_MAX];
}

void
failed_note(struct failed *f, const struct failed_key *k, uint64_t until,
	    int ede, const char *text)
{
	struct page **slot = page_of(f, k);
	struct page *p = malloc(sizeof(*p) + k->len);

	if (p == NULL)
		return;
	p->hash = k->hash;
	p->until = until;
	p->ede = ede;
	snprintf(p->text, sizeof(p->text), "%s", text);
	p->len = k->len;
	memcpy(p->key, k->octets, k->len);
	free(*slot);
	*slot = p;
}

bool
failed_find(struct failed *f, const struct failed_key *k, uint64_t now,
	    int *ede, char *text)
{
	struct page **slot = page_of(f, k), *p = *slot;

	if (p == NULL || p->hash != k->hash || p->len != k->len ||
	    memcmp(p->key, k->octets, k->len) != 0)
		return false;
	if (p->until <= now) {
		free(p);
		*slot = NULL;
		return false;
	}
	*ede = p->ede;
	memcpy(text, p->text, FAILED_TEXT_MAX);
	return true;
}
