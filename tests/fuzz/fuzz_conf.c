/* Configurations of any kind: each is taken or refused with a sentence. */
#include "lib/conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	struct diag d = {""};
	struct conf *c;

	must(text != NULL);
	memcpy(text, data, len);
	text[len] = 0;
	c = conf_read_string(text, "/nonexistent/placed.yaml", &d);
	if (!c == !d.text[0])
		abort();
	for (size_t i = 0; c && i < c->zone_count; i++) {
		if (conf_zone_find(c, c->zones[i].apex) != &c->zones[i])
			abort();
	}
	conf_free(c);
	free(text);
	return 0;
}
