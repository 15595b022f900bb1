#include "server/control_internal.h"
#include "zones/text.h"

#include <stdlib.h>
#include <string.h>

static char *
text_copy(const char *text, bool ascii)
{
	char *copy = strdup(text);

	for (char *c = copy; c != NULL && *c != '\0'; c++) {
		unsigned char octet = (unsigned char)*c;

		if (octet < 0x20 || octet == 0x7f || (ascii && octet > 0x7f))
			*c = '?';
		/* C1 controls are two octets in UTF-8. */
		if (octet == 0xc2 && (unsigned char)c[1] >= 0x80 &&
		    (unsigned char)c[1] < 0xa0)
			c[0] = c[1] = '?';
	}
	return copy;
}

json_t *
control_json_text(const char *text)
{
	char *copy = text_copy(text, false);
	json_t *value = copy == NULL ? NULL : json_string(copy);

	if (copy != NULL && value == NULL) { /* not UTF-8 */
		free(copy);
		copy = text_copy(text, true);
		value = copy == NULL ? NULL : json_string(copy);
	}
	free(copy);
	return value;
}

json_t *
control_json_name(const uint8_t *name)
{
	char text[NAME_TEXT_MAX];

	name_to_text(text, name);
	return json_string(text);
}

json_t *
control_json_rr(const struct rr *rr)
{
	char *text = text_from_rr(rr);
	json_t *value = text == NULL ? NULL : control_json_text(text);

	free(text);
	return value;
}

json_t *
control_json_type(uint16_t type)
{
	char text[RR_TYPE_TEXT_MAX];

	return json_string(rr_type_to_text(text, type));
}
