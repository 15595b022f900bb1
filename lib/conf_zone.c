#include "lib/conf_internal.h"

#include "lib/rr.h"

#include <limits.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* --- names --------------------------------------------------------------- */

enum err
conf_name(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, const uint8_t *origin, const char *text,
	  uint8_t *dst)
{
	enum err e = text[0] ? name_from_text(dst, text, origin, r->diag)
			     : diag_set(r->diag, ERR_SYNTAX, "an empty name");

	if (e)
		return conf_fail_within(r, n, e, s->key);
	for (size_t i = 0, len = name_len(dst); i < len; i++)
		dst[i] = name_lower_octet(dst[i]);
	return ERR_OK;
}

static enum err
read_key_name(struct conf_reader *r, const struct conf_node *n,
	      const struct conf_setting *s, void *into)
{
	uint8_t *name = conf_field(s, into);
	enum err e = conf_name(r, n, s, NULL, n->text, name);

	if (!e && name_is_root(name))
		return conf_fail(r, n, ERR_RANGE,
				 "a key cannot be called by the root's name");
	return e;
}

static enum err
read_apex(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into)
{
	uint8_t *apex = conf_field(s, into);
	enum err e = conf_name(r, n, s, NULL, n->text, apex);

	if (e)
		return e;
	for (unsigned i = 0; i < name_labels(apex); i++) {
		if (name_is_wildcard(name_skip(apex, i)))
			return conf_fail(r, n, ERR_RULE,
					 "a zone's name cannot hold a "
					 "wildcard");
	}
	r->apex = apex;
	return ERR_OK;
}

struct named {
	const uint8_t *name;
	const struct conf_node *node;
	size_t index;
};

static int
named_cmp(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = name_cmp(x->name, y->name);

	return c ? c : x->index < y->index ? -1 : 1;
}

/*
 * Keys and zones both: puts the elements, which begin with their name, into
 * canonical order. One that comes twice is an error where it comes again.
 */
static enum err
elements_sort(struct conf_reader *r, const struct conf_node *list, void *items,
	      size_t count, size_t size, const char *what)
{
	const struct conf_node *n = conf_node_first(&r->tree, list);
	struct named *order = calloc(count ? count : 1, sizeof(*order));
	char *copy = calloc(count ? count : 1, size), text[NAME_TEXT_MAX];
	enum err e = ERR_OK;

	if (!order || !copy) {
		e = conf_fail(r, list, ERR_NOMEM, "out of memory");
		goto out;
	}
	for (size_t i = 0; i < count; i++, n = conf_node_next(&r->tree, n))
		order[i] =
			(struct named){(uint8_t *)items + i * size,
				       conf_node_find(&r->tree, n, "name"), i};
	qsort(order, count, sizeof(*order), named_cmp);
	for (size_t i = 0; i < count; i++) {
		memcpy(copy + i * size, order[i].name, size);
		if (!i || !name_equal(order[i - 1].name, order[i].name))
			continue;
		name_to_text(text, order[i].name);
		e = conf_fail(r, order[i].node, ERR_EXISTS,
			      "%s %.200s is given twice, first in line %u",
			      what, text, order[i - 1].node->line);
		goto out;
	}
	if (count)
		memcpy(items, copy, count * size);
out:
	if (copy)
		explicit_bzero(copy, count * size); /* secrets of keys */
	free(copy);
	free(order);
	return e;
}

/* --- keys ---------------------------------------------------------------- */

static enum err
read_keys(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into)
{
	struct conf *c = into;

	(void)s;
	return elements_sort(r, n, c->keys.keys, c->keys.count,
			     sizeof(*c->keys.keys), "key");
}

static enum err
read_algorithm(struct conf_reader *r, const struct conf_node *n,
	       const struct conf_setting *s, void *into)
{
	char quoted[CONF_QUOTE_MAX];
	int a = tsig_algorithm_from_text(n->text);

	if (a < 0)
		return conf_fail(r, n, ERR_NOTFOUND, "\"%s\": %s is not %s",
				 s->key, conf_quote(quoted, n->text),
				 s->kind->text);
	*(enum tsig_algorithm *)conf_field(s, into) = (enum tsig_algorithm)a;
	return ERR_OK;
}

static enum err
read_secret(struct conf_reader *r, const struct conf_node *n,
	    const struct conf_setting *s, void *into)
{
	enum err e = tsig_secret_from_text(into, n->text, r->diag);

	return e ? conf_fail_within(r, n, e, s->key) : ERR_OK;
}

static enum err
read_secret_file(struct conf_reader *r, const struct conf_node *n,
		 const struct conf_setting *s, void *into)
{
	struct tsig_key *key = into;
	char *path;
	enum err e;

	if (key->secret_len)
		return conf_fail(r, n, ERR_RULE,
				 "a key takes \"secret\" or \"secret-file\", "
				 "not both");
	path = conf_path(r, n->text);
	if (!path)
		return ERR_NOMEM;
	e = conf_secret_read(key, path, r->diag);
	return e ? conf_fail_within(r, n, e, s->key) : ERR_OK;
}

enum err
conf_finish_key(struct conf_reader *r, const struct conf_node *n, void *key)
{
	const struct tsig_key *k = key;

	if (!k->secret_len)
		return conf_fail(r, n, ERR_NOTFOUND,
				 "a key needs \"secret\" or \"secret-file\"");
	return ERR_OK;
}

/* --- who is inside ------------------------------------------------------- */

#define INTERFACES_MAX 256u

/* One look at the system for each name, however many zones say it. Its place
 * among all, or -1 with a message. */
static int
interface_index(struct conf_reader *r, const struct conf_node *n,
		const struct conf_setting *s)
{
	size_t len = strlen(n->text) + 1, count = r->interfaces.count;
	char **known = r->interfaces.items, *copy, **to;
	char quoted[CONF_QUOTE_MAX];

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(known[i], n->text))
			return (int)i;
	}
	if (!if_nametoindex(n->text)) {
		conf_fail(r, n, ERR_NOTFOUND,
			  "\"%s\": %s is neither a prefix nor an interface "
			  "that is there; the name of a key ends in a dot",
			  s->key, conf_quote(quoted, n->text));
		return -1;
	}
	if (count == INTERFACES_MAX) {
		conf_fail(r, n, ERR_RANGE,
			  "\"%s\": more than %u different interfaces", s->key,
			  INTERFACES_MAX);
		return -1;
	}
	copy = conf_alloc(r, len);
	to = copy ? conf_list_push(&r->interfaces) : NULL;
	if (!to) {
		conf_fail(r, n, ERR_NOMEM, "out of memory");
		return -1;
	}
	*to = memcpy(copy, n->text, len);
	return (int)count;
}

static enum err
inside_interface(struct conf_reader *r, const struct conf_node *n,
		 const struct conf_setting *s)
{
	int index = interface_index(r, n, s);
	const uint16_t *have = r->inside_interfaces.items;
	uint16_t *to;

	if (index < 0)
		return ERR_NOTFOUND;
	for (size_t i = 0; i < r->inside_interfaces.count; i++) {
		if (have[i] == index)
			return ERR_OK;
	}
	to = conf_list_push(&r->inside_interfaces);
	if (!to)
		return conf_fail(r, n, ERR_NOMEM, "out of memory");
	*to = (uint16_t)index;
	return ERR_OK;
}

/* The declared key whose name is nearest to a wrong one, as text; "": none. */
static const char *
key_nearest(const struct tsig_keyring *ring, const uint8_t *name,
	    char text[NAME_TEXT_MAX])
{
	char wrong[NAME_TEXT_MAX], one[NAME_TEXT_MAX];
	unsigned least = UINT_MAX;

	text[0] = 0;
	name_to_text(wrong, name);
	for (size_t i = 0; i < ring->count; i++) {
		unsigned n;

		name_to_text(one, ring->keys[i].name);
		n = conf_distance(wrong, one);
		if (n < least && conf_distance_is_typo(n, one)) {
			least = n;
			strcpy(text, one);
		}
	}
	return text;
}

/* A key of that name must be declared. */
static enum err
key_check(struct conf_reader *r, const struct conf_node *n, const char *who,
	  const uint8_t *name)
{
	char text[NAME_TEXT_MAX], near[NAME_TEXT_MAX];

	if (tsig_key_find(&r->conf->keys, name))
		return ERR_OK;
	name_to_text(text, name);
	if (key_nearest(&r->conf->keys, name, near)[0])
		return conf_fail(r, n, ERR_NOTFOUND,
				 "%s names the key %.100s, which is not "
				 "declared under \"keys\"; did you mean "
				 "%.100s?",
				 who, text, near);
	return conf_fail(r, n, ERR_NOTFOUND,
			 "%s names the key %.200s, which is not declared under "
			 "\"keys\"",
			 who, text);
}

static enum err
inside_key(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_setting *s)
{
	uint8_t name[NAME_WIRE_MAX], *to;
	enum err e = conf_name(r, n, s, NULL, n->text, name);

	if (!e)
		e = key_check(r, n, "\"inside\"", name);
	if (e)
		return e;
	to = conf_list_push(&r->inside_keys);
	if (!to)
		return conf_fail(r, n, ERR_NOMEM, "out of memory");
	name_copy(to, name);
	return ERR_OK;
}

static enum err
read_inside(struct conf_reader *r, const struct conf_node *n,
	    const struct conf_setting *s, void *into)
{
	size_t len = strlen(n->text);
	struct net_prefix p, *to;
	struct diag why;
	enum err e = net_prefix_from_text(&p, n->text, &why);

	if (!e) {
		to = conf_list_push(into);
		if (!to)
			return conf_fail(r, n, ERR_NOMEM, "out of memory");
		*to = p;
		return ERR_OK;
	}
	/* What cannot be an interface was meant as a prefix. */
	if (strpbrk(n->text, "/:") || !n->text[strspn(n->text, "0123456789.")])
		return conf_fail(r, n, e, "\"%s\": %s", s->key, why.text);
	if (len && n->text[len - 1] == '.')
		return inside_key(r, n, s);
	return inside_interface(r, n, s);
}

/* --- rules --------------------------------------------------------------- */

static enum err
read_rule_key(struct conf_reader *r, const struct conf_node *n,
	      const struct conf_setting *s, void *into)
{
	uint8_t *name = conf_field(s, into);
	enum err e = conf_name(r, n, s, NULL, n->text, name);

	return e ? e : key_check(r, n, "an update rule", name);
}

/* True if text has a * that no backslash takes the meaning from. */
static bool
has_star(const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' && text[1])
			text++;
		else if (*text == '*')
			return true;
	}
	return false;
}

static enum err
read_pattern(struct conf_reader *r, const struct conf_node *n,
	     const struct conf_setting *s, void *into)
{
	struct conf_pattern *p = conf_list_push(into);
	const char *text = n->text;
	char quoted[CONF_QUOTE_MAX];
	enum err e;

	if (!p)
		return conf_fail(r, n, ERR_NOMEM, "out of memory");
	p->match = CONF_MATCH_EXACT;
	if (!strcmp(text, "*") || !strcmp(text, "self")) {
		p->match = text[0] == '*' ? CONF_MATCH_BELOW_APEX
					  : CONF_MATCH_SELF;
		return ERR_OK;
	}
	if (!strncmp(text, "*.", 2)) {
		p->match = CONF_MATCH_SUBTREE;
		text += 2;
	}
	if (has_star(text))
		return conf_fail(r, n, ERR_SYNTAX,
				 "\"%s\": in %s the * is not in front; \"*\" "
				 "and \"*.room\" are understood, and a name "
				 "with a * in it is written \\*",
				 s->key, conf_quote(quoted, n->text));
	e = conf_name(r, n, s, r->apex, text, p->name);
	if (e)
		return e;
	if (!name_at_or_below(p->name, r->apex))
		return conf_fail(r, n, ERR_RANGE,
				 "\"%s\": %s is not in the zone", s->key,
				 conf_quote(quoted, n->text));
	return ERR_OK;
}

static enum err
read_type(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into)
{
	uint16_t type = rr_type_from_text(n->text), *to;
	char quoted[CONF_QUOTE_MAX];

	if (!type)
		return conf_fail(r, n, ERR_NOTFOUND,
				 "\"%s\": %s is not a type; TYPE123 stands for "
				 "one without a name",
				 s->key, conf_quote(quoted, n->text));
	if (type != RR_ANY && rr_type_is_meta(type))
		return conf_fail(r, n, ERR_RULE,
				 "\"%s\": %s is never stored in a zone", s->key,
				 conf_quote(quoted, n->text));
	to = conf_list_push(into);
	if (!to)
		return conf_fail(r, n, ERR_NOMEM, "out of memory");
	*to = type;
	return ERR_OK;
}

static int
type_cmp(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

enum err
conf_finish_rule(struct conf_reader *r, const struct conf_node *n, void *rule)
{
	struct conf_rule *u = rule;
	size_t kept = 0;

	(void)r;
	u->line = n->line;
	qsort(u->types, u->type_count, sizeof(*u->types), type_cmp);
	for (size_t i = 0; i < u->type_count; i++) {
		if (u->types[i] == RR_ANY)
			u->any_type = true;
		else if (!kept || u->types[kept - 1] != u->types[i])
			u->types[kept++] = u->types[i];
	}
	u->type_count = u->any_type ? 0 : kept;
	return ERR_OK;
}

static enum err
read_rules(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_setting *s, void *into)
{
	(void)r;
	(void)n;
	(void)s;
	(void)into;
	return ERR_OK; /* each stands for itself, in the order of the file */
}

/* --- zones --------------------------------------------------------------- */

enum err
conf_finish_zone(struct conf_reader *r, const struct conf_node *n, void *zone)
{
	struct conf_zone *z = zone;
	enum err e;

	z->line = n->line;
	e = conf_list_move(r, &r->inside_interfaces, &z->inside_interfaces,
			   &z->inside_interface_count);
	return e ? e
		 : conf_list_move(r, &r->inside_keys, &z->inside_keys,
				  &z->inside_key_count);
}

static enum err
read_zones(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_setting *s, void *into)
{
	struct conf *c = into;

	(void)s;
	return elements_sort(r, n, c->zones, c->zone_count, sizeof(*c->zones),
			     "zone");
}

const struct conf_kind conf_kind_keys = {
	.text = "a list of keys",
	.shape = CONF_MAPS,
	.size = sizeof(struct tsig_key),
	.read = read_keys,
};
const struct conf_kind conf_kind_key_name = {
	.text = "a domain name",
	.read = read_key_name,
};
const struct conf_kind conf_kind_algorithm = {
	.text = "hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384 or "
		"hmac-sha512",
	.read = read_algorithm,
};
const struct conf_kind conf_kind_secret = {
	.text = "base64",
	.read = read_secret,
};
const struct conf_kind conf_kind_secret_file = {
	.text = "a path",
	.read = read_secret_file,
};
const struct conf_kind conf_kind_zones = {
	.text = "a list of zones",
	.shape = CONF_MAPS,
	.size = sizeof(struct conf_zone),
	.read = read_zones,
};
const struct conf_kind conf_kind_apex = {
	.text = "a domain name",
	.read = read_apex,
};
const struct conf_kind conf_kind_inside = {
	.text = "prefixes, addresses, interfaces and keys",
	.shape = CONF_SEVERAL,
	.size = sizeof(struct net_prefix),
	.read = read_inside,
};
const struct conf_kind conf_kind_rules = {
	.text = "a list of rules",
	.shape = CONF_MAPS,
	.size = sizeof(struct conf_rule),
	.read = read_rules,
};
const struct conf_kind conf_kind_rule_key = {
	.text = "the name of a key",
	.read = read_rule_key,
};
const struct conf_kind conf_kind_patterns = {
	.text = "names: x, @, *.x, * or self",
	.shape = CONF_SEVERAL,
	.size = sizeof(struct conf_pattern),
	.read = read_pattern,
};
const struct conf_kind conf_kind_types = {
	.text = "types, or ANY",
	.shape = CONF_SEVERAL,
	.size = sizeof(uint16_t),
	.read = read_type,
};
