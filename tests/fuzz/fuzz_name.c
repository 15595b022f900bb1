/*
 * Octets as two names: through text and back, and the laws of comparison; then
 * the same octets as the text of a name.
 */
#include "lib/name.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
sign(int v)
{
	return (v > 0) - (v < 0);
}

static void
text_roundtrip(const uint8_t *name)
{
	char text[NAME_TEXT_MAX];
	uint8_t back[NAME_WIRE_MAX];
	size_t len = name_to_text(text, name);

	must(len == strlen(text) && len < sizeof(text));
	for (size_t i = 0; i < len; i++)
		must(text[i] > ' ' && text[i] <= '~');
	must(name_from_text(back, text, NULL, NULL) == ERR_OK);
	must(memcmp(back, name, name_len(name)) == 0);
}

static void
pair_check(const uint8_t *a, const uint8_t *b)
{
	uint8_t lower[NAME_WIRE_MAX], joined[NAME_WIRE_MAX];
	unsigned common = name_common(a, b);
	size_t len;

	must(sign(name_cmp(a, b)) == -sign(name_cmp(b, a)));
	must((name_cmp(a, b) == 0) == name_equal(a, b));
	must(common <= name_labels(a) && common == name_common(b, a));
	must(name_at_or_below(a, b) == (common == name_labels(b)));
	if (name_equal(a, b))
		must(name_hash(a) == name_hash(b));
	must(name_lower(lower, a) == name_len(a) && name_equal(lower, a));
	len = name_concat(joined, a, name_len(a) - 1, b);
	must((len == 0) == (name_len(a) - 1 + name_len(b) > NAME_WIRE_MAX));
	if (len > 0)
		must(name_at_or_below(joined, b) && name_cmp(joined, b) >= 0 &&
		     name_len(joined) == len);
}

static void
text_check(const uint8_t *data, size_t size)
{
	static const uint8_t origin[] = "\4home";
	char text[1200];
	uint8_t name[NAME_WIRE_MAX];
	size_t used;

	if (size >= sizeof(text))
		return;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (name_from_text(name, text, NULL, NULL) == ERR_OK) {
		must(name_valid(name, sizeof(name), &used));
		text_roundtrip(name);
	}
	if (name_from_text(name, text, origin, NULL) == ERR_OK)
		must(name_valid(name, sizeof(name), &used));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t alen, blen;

	text_check(data, size);
	if (!name_valid(data, size, &alen))
		return 0;
	must(alen == name_len(data));
	text_roundtrip(data);
	if (name_valid(data + alen, size - alen, &blen)) {
		pair_check(data, data + alen);
		pair_check(data, data);
	}
	return 0;
}
