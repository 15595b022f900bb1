#include "lib/conf_internal.h"

#include <string.h>

#define MIB (1024ull * 1024)

/* --- forwarders ---------------------------------------------------------- */

static uint16_t
port_of(const struct net_addr *a)
{
	return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port
						 : a->in.sin_port);
}

/* What a certificate can be for: a name of a host, kept without a final dot. */
static enum err
tls_name_read(struct conf_reader *r, const struct conf_node *n,
	      const struct conf_setting *s, const char *text, char **kept)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	uint8_t name[NAME_WIRE_MAX];
	size_t len = strlen(text);
	enum err e = conf_name(r, n, s, NULL, text, name);

	if (e)
		return e;
	if (name_is_root(name) || text[strspn(text, letters)] ||
	    !text[strspn(text, "0123456789.")])
		return conf_fail_value(r, n, s,
				       "an address with the name of its "
				       "certificate, such as "
				       "9.9.9.9#dns.quad9.net");
	if (text[len - 1] == '.')
		len--;
	*kept = conf_alloc(r, len + 1);
	if (!*kept)
		return ERR_NOMEM;
	memcpy(*kept, text, len);
	return ERR_OK;
}

static enum err
forwarder_read(struct conf_reader *r, const struct conf_node *n,
	       const struct conf_setting *s, struct conf_forwarder *f)
{
	const char *hash = strchr(n->text, '#');
	size_t len = hash ? (size_t)(hash - n->text) : strlen(n->text);
	char at[NET_ADDR_TEXT_MAX];
	enum err e;

	if (len >= sizeof(at))
		return conf_fail_value(r, n, s, s->kind->text);
	memcpy(at, n->text, len);
	at[len] = 0;
	e = net_addr_from_text(&f->addr, at, hash ? 853 : 53, r->diag);
	if (e)
		return conf_fail_within(r, n, e, s->key);
	if (!port_of(&f->addr) || net_addr_is_wildcard(&f->addr))
		return conf_fail_value(r, n, s, "an address that can be asked");
	return hash ? tls_name_read(r, n, s, hash + 1, &f->tls_name) : ERR_OK;
}

static enum err
read_forwarder(struct conf_reader *r, const struct conf_node *n,
	       const struct conf_setting *s, void *into)
{
	struct conf_forwarder f = {.tls_name = NULL}, *to;
	const struct conf_list *l = into;
	char text[NET_ADDR_TEXT_MAX];
	enum err e = forwarder_read(r, n, s, &f);

	if (e)
		return e;
	for (size_t i = 0; i < l->count; i++) {
		const struct conf_forwarder *other = l->items;

		if (net_addr_same_host(&other[i].addr, &f.addr) &&
		    port_of(&other[i].addr) == port_of(&f.addr))
			return conf_fail(r, n, ERR_EXISTS,
					 "\"%s\": %s is given twice", s->key,
					 net_addr_to_text(text, &f.addr));
	}
	to = conf_list_push(into);
	if (!to)
		return conf_fail(r, n, ERR_NOMEM, "out of memory");
	*to = f;
	return ERR_OK;
}

/* --- names --------------------------------------------------------------- */

static enum err
read_name(struct conf_reader *r, const struct conf_node *n,
	  const struct conf_setting *s, void *into)
{
	uint8_t name[NAME_WIRE_MAX], *to;
	char quoted[CONF_QUOTE_MAX];
	enum err e = conf_name(r, n, s, NULL, n->text, name);

	if (e)
		return e;
	if (name_is_wildcard(name))
		return conf_fail(r, n, ERR_RULE,
				 "\"%s\": %s: a name stands for all below it; "
				 "leave the * out",
				 s->key, conf_quote(quoted, n->text));
	to = conf_list_push(into);
	if (!to)
		return conf_fail(r, n, ERR_NOMEM, "out of memory");
	name_copy(to, name);
	return ERR_OK;
}

/* --- the whole ----------------------------------------------------------- */

static enum err
read_roots(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_setting *s, void *into)
{
	(void)into;
	if (strcmp(n->text, "no") == 0 || strcmp(n->text, "false") == 0)
		return ERR_OK;
	if (strcmp(n->text, "yes") != 0 && strcmp(n->text, "true") != 0)
		return conf_fail_value(r, n, s, s->kind->text);
	return conf_fail(r, n, ERR_RULE,
			 "\"%s\": iteration from the root is not there yet; "
			 "name a server under \"forward\"",
			 s->key);
}

/* A setting's place, or the map's if it is not written there. */
static const struct conf_node *
place_of(const struct conf_reader *r, const struct conf_node *map,
	 const char *key)
{
	const struct conf_node *n = conf_node_find(&r->tree, map, key);

	return n ? n : map;
}

static bool
is_loopback(const struct net_addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohl(a->in.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}

/* A question sent to a port that we listen on would come back to us. */
static enum err
loop_check(struct conf_reader *r, const struct conf_node *n,
	   const struct conf_forwarder *f)
{
	const struct conf *c = r->conf;
	char text[NET_ADDR_TEXT_MAX];

	for (size_t i = 0; i < c->listen_count; i++) {
		const struct net_addr *l = &c->listen[i];

		if (port_of(l) != port_of(&f->addr))
			continue;
		if (net_addr_same_host(l, &f->addr) ||
		    (net_addr_is_wildcard(l) && is_loopback(&f->addr)))
			return conf_fail(r, n, ERR_RULE,
					 "\"forward\": %s is this server "
					 "itself",
					 net_addr_to_text(text, &f->addr));
	}
	return ERR_OK;
}

enum err
conf_finish_uplink(struct conf_reader *r, const struct conf_node *n,
		   void *uplink)
{
	const struct conf_uplink *u = uplink;
	enum err e = ERR_OK;

	if (!n) /* not given: the defaults are sound */
		return ERR_OK;
	if (u->reach.count && !u->forward_count)
		return conf_fail(r, place_of(r, n, "reach"), ERR_RULE,
				 "\"reach\": there is nobody to ask; name a "
				 "server under \"forward\"");
	if (u->cache_limit && u->cache_limit < MIB)
		return conf_fail(r, place_of(r, n, "cache-limit"), ERR_RANGE,
				 "\"cache-limit\" is 0 or at least 1M");
	if (u->ttl_min > u->ttl_max)
		return conf_fail(r, place_of(r, n, "ttl-min"), ERR_RANGE,
				 "\"ttl-min\" is more than \"ttl-max\"");
	for (size_t i = 0; i < u->forward_count && !e; i++)
		e = loop_check(r, place_of(r, n, "forward"), &u->forward[i]);
	return e;
}

const struct conf_kind conf_kind_forwarders = {
	.text = "addresses, ADDRESS, ADDRESS@PORT or ADDRESS@PORT#NAME",
	.shape = CONF_SEVERAL,
	.size = sizeof(struct conf_forwarder),
	.read = read_forwarder,
};
const struct conf_kind conf_kind_names = {
	.text = "domain names",
	.shape = CONF_SEVERAL,
	.size = NAME_WIRE_MAX,
	.read = read_name,
};
const struct conf_kind conf_kind_roots = {
	.text = "yes or no",
	.read = read_roots,
};
