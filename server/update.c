#include "server/update.h"

#include "server/update_parts.h"
#include "zones/edit.h"
#include "zones/lookup.h"

#include <stdlib.h>
#include <string.h>

/* Seconds that a copy, good when it came, may have waited for the writer. */
#define SEEN_GRACE 60

/* --- in the writer's transaction ----------------------------------------- */

/* A section's RRs, decompressed, in the arena. NULL: memory. */
static struct rr *
decode_section(const struct update *u, enum msg_section s, struct arena *arena)
{
	uint8_t rdata[RR_RDATA_MAX];
	size_t pos = u->msg.section[s], len;
	unsigned count = u->msg.count[s];
	struct rr *rrs = arena_alloc(arena, (count + 1) * sizeof(*rrs));
	struct msg_rr rr;

	for (unsigned i = 0; rrs != NULL && i < count; i++) {
		msg_rr_read(&u->msg, &pos, &rr);
		len = 0;
		/* where there is rdata, update_check() has seen that it is
		 * well-formed */
		if (rr.rdlen > 0 &&
		    !msg_rr_rdata(&u->msg, &rr, rdata, sizeof(rdata), &len))
			len = 0;
		rrs[i].owner = arena_copy(arena, rr.owner, name_len(rr.owner));
		rrs[i].rdata = arena_copy(arena, rdata, len);
		rrs[i].type = rr.type;
		rrs[i].class = rr.class;
		rrs[i].rdlen = (uint16_t)len;
		/* RFC 2181 8 */
		rrs[i].ttl = rr.ttl > INT32_MAX ? 0 : rr.ttl;
		if (rrs[i].owner == NULL || rrs[i].rdata == NULL)
			return NULL;
	}
	return rrs;
}

/* Deleting a name is permitted if deleting each of its RRsets is. */
static enum err
permit_delete_name(struct update *u, struct store_view *v,
		   const struct zone_record *z, const uint8_t *name)
{
	bool is_apex = name_equal(name, u->zone->apex);
	struct rrset set;
	struct node n;
	size_t at = 0;
	enum err err = lookup_node(v, z->id, u->zone->apex, name, &n);

	if (err != ERR_OK)
		return err == ERR_NOTFOUND ? ERR_OK : err;
	while (node_next(&n, &at, &set)) {
		/* these are spared (RFC 2136 3.4.2.3) */
		if (is_apex && (set.type == RR_SOA || set.type == RR_NS))
			continue;
		if (!update_permit(u, name, set.type))
			return ERR_OK;
	}
	return ERR_OK;
}

static enum err
permit_deletions(struct update *u, struct store_view *v,
		 const struct zone_record *z, const struct rr *rrs)
{
	enum err err = ERR_OK;

	for (unsigned i = 0; i < u->msg.count[MSG_NS]; i++) {
		if (rrs[i].class != RR_CLASS_ANY || rrs[i].type != RR_ANY)
			continue;
		err = permit_delete_name(u, v, z, rrs[i].owner);
		if (err != ERR_OK || u->rcode != MSG_NOERROR)
			break;
	}
	return err;
}

static struct edit_change *
changes_from(const struct rr *rrs, size_t count, struct arena *arena)
{
	struct edit_change *changes, *c;

	c = changes = arena_alloc(arena, (count + 1) * sizeof(*changes));
	for (size_t i = 0; changes != NULL && i < count; i++, c++) {
		memset(c, 0, sizeof(*c));
		c->owner = rrs[i].owner;
		c->type = rrs[i].type;
		c->rdata = rrs[i].rdata;
		c->rdlen = rrs[i].rdlen;
		if (rrs[i].class == RR_IN) {
			c->op = EDIT_ADD;
			c->ttl = rrs[i].ttl;
			c->origin = ORIGIN_UPDATE;
		} else if (rrs[i].class == RR_NONE) {
			c->op = EDIT_DELETE_RR;
		} else if (rrs[i].type != RR_ANY) {
			c->op = EDIT_DELETE_RRSET;
		} else {
			c->op = EDIT_DELETE_NAME;
		}
	}
	return changes;
}

static uint64_t
seen_expires(const struct update *u)
{
	return u->tsig.time_signed + u->tsig.fudge + SEEN_GRACE;
}

static enum err
make_edit(struct update *u, struct store_txn *t, const struct rr *rrs,
	  struct arena *arena, bool *spoilt)
{
	uint8_t token[UPDATE_TOKEN_LEN];
	char who[NET_ADDR_TEXT_MAX];
	struct edit_result r;
	struct edit e = {
		.apex = u->zone->apex,
		.count = u->msg.count[MSG_NS],
		.rules = EDIT_UPDATE,
		.limits = &u->served->limits,
		.now = update_seen_now(u->seen),
		.key_name = u->tsig.key->name,
		.token = token,
		.token_len = sizeof(token),
		.who = who,
	};
	struct update_seen_id id;
	enum err err;

	update_seen_identify(&id, &u->tsig);
	update_seen_token(token, &id, seen_expires(u));
	e.changes = changes_from(rrs, e.count, arena);
	if (e.changes == NULL)
		return ERR_NOMEM;
	net_addr_to_text(who, &u->peer.from);
	who[strcspn(who, "@")] = '\0'; /* the port says nothing */
	err = edit_apply(t, &e, &r);
	*spoilt = r.spoilt;
	if (err == ERR_RULE || err == ERR_RANGE) {
		update_refuse(u, MSG_REFUSED, MSG_EDE_OTHER, "%s", r.diag.text);
		return ERR_OK;
	}
	return err;
}

/* Permission, prerequisites, edit. u->rcode tells; failures are returned. */
static enum err
update_make(struct update *u, struct store_txn *t, struct arena *arena,
	    bool *spoilt)
{
	struct store_view *v = store_txn_view(t);
	struct rr *prereqs = decode_section(u, MSG_AN, arena);
	struct rr *rrs = decode_section(u, MSG_NS, arena);
	struct zone_record z;
	enum err err;

	if (prereqs == NULL || rrs == NULL)
		return ERR_NOMEM;
	err = zone_record_get(v, u->zone->apex, &z);
	if (err == ERR_NOTFOUND) {
		update_refuse(u, MSG_SERVFAIL, MSG_EDE_NOT_READY,
			      "the zone is not loaded yet");
		return ERR_OK;
	}
	if (err == ERR_OK)
		err = permit_deletions(u, v, &z, rrs);
	if (err == ERR_OK && u->rcode == MSG_NOERROR)
		err = update_prereq_check(u, v, &z, prereqs,
					  u->msg.count[MSG_AN]);
	if (err == ERR_OK && u->rcode == MSG_NOERROR)
		err = make_edit(u, t, rrs, arena, spoilt);
	return err;
}

static void
update_fail(struct update *u, enum err err)
{
	update_refuse(u, MSG_SERVFAIL, MSG_EDE_OTHER, "%s", err_text(err));
}

/* As struct writer_job's apply(): also a second time, after an abort. */
static enum err
update_apply(struct writer_job *job, struct store_txn *t, bool *spoilt)
{
	struct update *u = (struct update *)job;
	struct update_seen_entry *e;
	struct update_seen_id id;
	struct arena arena;
	enum err err;

	u->rcode = MSG_NOERROR;
	u->ede = MSG_EDE_NONE;
	u->reason[0] = '\0';
	update_seen_identify(&id, &u->tsig);
	e = update_seen_find(u->seen, &id);
	u->repeated = e != NULL && e->owner != u;
	if (u->repeated)
		return ERR_OK; /* update_done() has the reply */
	if (e == NULL)
		e = update_seen_add(u->seen, &id, seen_expires(u), u);
	if (e == NULL)
		return ERR_NOMEM;
	arena_init_growing(&arena);
	err = update_make(u, t, &arena, spoilt);
	arena_free(&arena);
	if (err != ERR_OK)
		update_seen_remove(u->seen, e);
	return err;
}

/* --- after the commit ---------------------------------------------------- */

/* The first one's reply, or, if that one failed, the client must ask again. */
static void
answer_repeated(struct update *u, const struct update_seen_entry *first)
{
	if (first == NULL || first->owner != NULL) {
		update_refuse(u, MSG_SERVFAIL, MSG_EDE_OTHER,
			      "the same message failed before");
		return;
	}
	u->rcode = first->rcode;
	u->ede = first->ede;
	if (first->reason != NULL)
		strncpy(u->reason, first->reason, sizeof(u->reason) - 1);
}

/* What SERVFAIL was said to may be tried again with the same octets. */
static void
remember(struct update *u, struct update_seen_entry *e)
{
	if (u->rcode == MSG_SERVFAIL) {
		update_seen_remove(u->seen, e);
		return;
	}
	e->owner = NULL;
	e->rcode = (uint16_t)u->rcode;
	e->ede = (int16_t)u->ede;
	/* without memory a repetition gets the rcode alone */
	e->reason = u->reason[0] != '\0' ? strdup(u->reason) : NULL;
}

static void
update_done(struct writer_job *job, enum err err)
{
	struct update *u = (struct update *)job;
	struct update_seen_entry *e;
	struct update_seen_id id;

	if (err != ERR_OK)
		update_fail(u, err);
	update_seen_identify(&id, &u->tsig);
	e = update_seen_find(u->seen, &id);
	if (u->repeated && err == ERR_OK)
		answer_repeated(u, e);
	else if (e != NULL && e->owner == u)
		remember(u, e);
	update_seen_leave(u->seen);
	/* without memory there is no reply, and the client asks again */
	if (!event_post(u->loop, u->reply, u))
		update_free(u);
}

/* --- life ---------------------------------------------------------------- */

struct update *
update_new(struct served *served, const struct msg *m,
	   const struct tsig_state *tsig, const struct net_peer *peer)
{
	struct update *u = malloc(sizeof(*u) + m->len);
	uint8_t *wire;

	if (u == NULL)
		return NULL;
	memset(u, 0, sizeof(*u));
	wire = (uint8_t *)(u + 1);
	memcpy(wire, m->wire, m->len);
	u->job.apply = update_apply;
	u->job.done = update_done;
	u->served = served_hold(served);
	u->peer = *peer;
	u->tsig = *tsig;
	u->msg = *m;
	u->msg.wire = wire;
	u->rcode = MSG_NOERROR;
	u->ede = MSG_EDE_NONE;
	return u;
}

void
update_free(struct update *u)
{
	if (u == NULL)
		return;
	served_release(u->served);
	free(u);
}

bool
update_submit(struct update *u, struct writer *w, struct update_seen *seen)
{
	u->seen = seen;
	if (!update_seen_enter(seen))
		return update_refuse(u, MSG_SERVFAIL, MSG_EDE_OTHER,
				     "too many updates are waiting");
	if (writer_submit(w, &u->job))
		return true;
	update_seen_leave(seen);
	return update_refuse(u, MSG_SERVFAIL, MSG_EDE_OTHER,
			     "the server is stopping");
}
