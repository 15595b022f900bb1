#include "server/update_parts.h"

#include "server/view.h"

/*
 * Form (RFC 2136 2.3, 3.2.5, 3.4.1) and permission, on the worker's thread,
 * without a store. The sections are walked twice: a message that is broken
 * anywhere is FORMERR, whatever the key may do.
 */

static bool
form_error(struct update *u, const char *what)
{
	return update_refuse(u, MSG_FORMERR, MSG_EDE_OTHER, "%s", what);
}

/* True if the sender may be told that the zone is here: a rule names the key,
 * or he is inside. */
static bool
zone_is_told(const struct update *u, int zone)
{
	const struct conf_zone *z = &u->served->conf->zones[zone];
	const struct view_client client = {
		.from = &u->peer.from,
		.key = u->tsig.key->name,
	};

	for (size_t i = 0; i < z->rule_count; i++)
		if (name_equal(z->rules[i].key, client.key))
			return true;
	return view_inside(u->served, zone, &client);
}

/* A zone that is hidden is answered about as one that is not served. */
static bool
check_zone(struct update *u)
{
	int i;

	if (u->msg.count[MSG_QD] != 1 || u->msg.qname_len == 0 ||
	    u->msg.qtype != RR_SOA)
		return form_error(u, "the zone section must be one SOA");
	if (!u->tsig.present || u->tsig.key == NULL)
		return update_refuse(u, MSG_REFUSED, MSG_EDE_PROHIBITED,
				     "not signed");
	i = u->msg.qclass == RR_IN ? served_exact(u->served, u->msg.qname) : -1;
	if (i < 0 || !zone_is_told(u, i)) {
		char name[UPDATE_NAME_TEXT];

		return update_refuse(u, MSG_NOTAUTH, MSG_EDE_NOT_AUTHORITATIVE,
				     "%s is not a zone served here",
				     update_name_text(name, u->msg.qname));
	}
	u->zone = &u->served->conf->zones[i];
	return true;
}

/* Class ANY and NONE without data: TTL and RDLENGTH are zero. */
static bool
is_bare(const struct msg_rr *rr)
{
	return rr->ttl == 0 && rr->rdlen == 0;
}

static bool
rdata_is_well_formed(const struct update *u, const struct msg_rr *rr)
{
	uint8_t rdata[RR_RDATA_MAX];
	size_t len;

	return msg_rr_rdata(&u->msg, rr, rdata, sizeof(rdata), &len);
}

static bool
type_or_any(uint16_t type)
{
	return type == RR_ANY || !rr_type_is_meta(type);
}

/* RFC 2136 3.2.5 */
static bool
check_prereq_form(struct update *u, const struct msg_rr *rr)
{
	switch (rr->class) {
	case RR_CLASS_ANY:
	case RR_NONE:
		if (!is_bare(rr) || !type_or_any(rr->type))
			break;
		return true;
	case RR_IN:
		if (rr->ttl != 0 || rr_type_is_meta(rr->type) ||
		    !rdata_is_well_formed(u, rr))
			break;
		return true;
	default:
		break;
	}
	return form_error(u, "a prerequisite is malformed");
}

/* RFC 2136 3.4.1.2 */
static bool
check_update_form(struct update *u, const struct msg_rr *rr)
{
	switch (rr->class) {
	case RR_CLASS_ANY:
		if (!is_bare(rr) || !type_or_any(rr->type))
			break;
		return true;
	case RR_NONE:
		if (rr->ttl != 0)
			break;
		/* fallthrough */
	case RR_IN:
		if (rr_type_is_meta(rr->type) || !rdata_is_well_formed(u, rr))
			break;
		return true;
	default:
		break;
	}
	return form_error(u, "an RR of the update section is malformed");
}

static bool
check_in_zone(struct update *u, const struct msg_rr *rr)
{
	char name[UPDATE_NAME_TEXT];

	if (name_at_or_below(rr->owner, u->zone->apex))
		return true;
	return update_refuse(u, MSG_NOTZONE, MSG_EDE_OTHER,
			     "%s is not in the zone",
			     update_name_text(name, rr->owner));
}

static bool
check_prereq_permission(struct update *u, const struct msg_rr *rr)
{
	return update_permit_question(u, rr->owner);
}

/* Deleting all RRsets of a name: which there are is known to the store. */
static bool
check_update_permission(struct update *u, const struct msg_rr *rr)
{
	return update_permit(u, rr->owner, rr->type == RR_ANY ? 0 : rr->type);
}

static bool
check_each(struct update *u, enum msg_section s,
	   bool (*check)(struct update *u, const struct msg_rr *rr))
{
	size_t pos = u->msg.section[s];
	struct msg_rr rr;

	for (unsigned i = 0; i < u->msg.count[s]; i++) {
		msg_rr_read(&u->msg, &pos, &rr);
		if (!check(u, &rr))
			return false;
	}
	return true;
}

bool
update_check(struct update *u)
{
	return check_zone(u) && check_each(u, MSG_AN, check_prereq_form) &&
	       check_each(u, MSG_NS, check_update_form) &&
	       check_each(u, MSG_AN, check_in_zone) &&
	       check_each(u, MSG_NS, check_in_zone) &&
	       check_each(u, MSG_AN, check_prereq_permission) &&
	       check_each(u, MSG_NS, check_update_permission);
}
