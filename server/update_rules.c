#include "server/update_parts.h"

#include "zones/edit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
update_refuse(struct update *u, unsigned rcode, int ede, const char *fmt, ...)
{
	va_list args;

	u->rcode = rcode;
	u->ede = ede;
	va_start(args, fmt);
	vsnprintf(u->reason, sizeof(u->reason), fmt, args);
	va_end(args);
	return false;
}

const char *
update_name_text(char *dst, const uint8_t *name)
{
	char text[NAME_TEXT_MAX];
	size_t len = name_to_text(text, name);

	if (len < UPDATE_NAME_TEXT) {
		memcpy(dst, text, len + 1);
	} else {
		memcpy(dst, text, UPDATE_NAME_TEXT - 4);
		memcpy(dst + UPDATE_NAME_TEXT - 4, "...", 4);
	}
	return dst;
}

static bool
label_equal(const uint8_t *label, const char *text)
{
	if (label[0] != strlen(text))
		return false;
	for (unsigned i = 0; i < label[0]; i++)
		if (name_lower_octet(label[1 + i]) != (uint8_t)text[i])
			return false;
	return true;
}

/* The apex, and the lists that say what may leave and enter: a rule must name
 * them. */
static bool
is_protected(const uint8_t *name, const uint8_t *apex)
{
	unsigned below = name_labels(name) - name_labels(apex);
	const uint8_t *label;

	if (below == 0)
		return true;
	label = name_skip(name, below - 1);
	return label_equal(label, "_export") || label_equal(label, "_reach") ||
	       label_equal(label, "_cover");
}

static bool
is_below(const uint8_t *name, const uint8_t *ancestor)
{
	return name_at_or_below(name, ancestor) && !name_equal(name, ancestor);
}

static bool
pattern_covers(const struct conf_pattern *p, const uint8_t *apex,
	       const uint8_t *key_name, const uint8_t *name)
{
	if (p->match == CONF_MATCH_EXACT)
		return name_equal(name, p->name);
	if (is_protected(name, apex))
		return false;
	switch (p->match) {
	case CONF_MATCH_BELOW_APEX:
		return true;
	case CONF_MATCH_SUBTREE:
		return is_below(name, p->name);
	case CONF_MATCH_SELF:
		/* a key that is called like the zone, or a name above it, is
		 * no device */
		return is_below(key_name, apex) &&
		       name_at_or_below(name, key_name);
	default:
		return false;
	}
}

static bool
rule_covers_name(const struct conf_rule *r, const uint8_t *apex,
		 const uint8_t *key_name, const uint8_t *name)
{
	if (!name_equal(r->key, key_name))
		return false;
	for (size_t i = 0; i < r->name_count; i++)
		if (pattern_covers(&r->names[i], apex, key_name, name))
			return true;
	return false;
}

static bool
rule_covers_type(const struct conf_rule *r, uint16_t type)
{
	if (r->any_type || type == 0)
		return true;
	for (size_t i = 0; i < r->type_count; i++)
		if (r->types[i] == type)
			return true;
	return false;
}

const struct conf_rule *
update_rule_find(const struct conf_zone *zone, const uint8_t *key_name,
		 const uint8_t *name, uint16_t type)
{
	if (!name_at_or_below(name, zone->apex))
		return NULL;
	for (size_t i = 0; i < zone->rule_count; i++) {
		const struct conf_rule *r = &zone->rules[i];

		if (rule_covers_type(r, type) &&
		    rule_covers_name(r, zone->apex, key_name, name))
			return r;
	}
	return NULL;
}

bool
update_permit(struct update *u, const uint8_t *name, uint16_t type)
{
	const uint8_t *key_name = u->tsig.key->name;
	const struct conf_rule *near;
	char key[UPDATE_NAME_TEXT], owner[UPDATE_NAME_TEXT];
	char type_text[RR_TYPE_TEXT_MAX] = "";

	if (edit_name_reserved(name, u->zone->apex))
		return update_refuse(
			u, MSG_REFUSED, MSG_EDE_PROHIBITED,
			"key %s may not change %s: a search answers there",
			update_name_text(key, key_name),
			update_name_text(owner, name));
	if (update_rule_find(u->zone, key_name, name, type) != NULL)
		return true;
	near = update_rule_find(u->zone, key_name, name, 0);
	update_name_text(key, key_name);
	update_name_text(owner, name);
	if (type != 0)
		rr_type_to_text(type_text, type);
	if (near != NULL)
		return update_refuse(
			u, MSG_REFUSED, MSG_EDE_PROHIBITED,
			"key %s may not change %s %s: the rule at line %u "
			"does not cover the type",
			key, owner, type_text, near->line);
	return update_refuse(u, MSG_REFUSED, MSG_EDE_PROHIBITED,
			     "key %s may not change %s%s%s: no rule covers it",
			     key, owner, type != 0 ? " " : "", type_text);
}

bool
update_permit_question(struct update *u, const uint8_t *name)
{
	char key[UPDATE_NAME_TEXT], owner[UPDATE_NAME_TEXT];

	if (update_rule_find(u->zone, u->tsig.key->name, name, 0) != NULL)
		return true;
	return update_refuse(u, MSG_REFUSED, MSG_EDE_PROHIBITED,
			     "key %s may not ask about %s: no rule covers it",
			     update_name_text(key, u->tsig.key->name),
			     update_name_text(owner, name));
}
