/*
 * What the files of explain share: control_explain.c has the steps within the
 * zones served here, control_abroad.c those that lead out of them.
 */
#ifndef PLACED_SERVER_CONTROL_EXPLAIN_H
#define PLACED_SERVER_CONTROL_EXPLAIN_H

#include "lib/net_addr.h"
#include "server/control_internal.h"
#include "server/view.h"
#include "zones/lookup.h"

struct explain {
	struct control_talk *talk;
	const struct served *served;
	uint16_t type;
	bool has_from;
	struct net_addr from;
	uint8_t name[NAME_WIRE_MAX]; /* what is sought now */
	json_t *steps;
};

/* Who asks, for view.h; if nobody was named (has_from) it is not to be used. */
struct view_client explain_client(struct explain *x);

/* What the step comes to, and the sentence why. */
void explain_why(json_t *step, const char *result, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The RRs that the lookup found, with where they came from. */
void explain_rrs(const struct explain *x, json_t *step, const struct lookup *l);

/* A question about space, which is searched for and not looked up
 * (control_space.c). False: it is none, or not for this zone to answer. */
bool explain_space(struct explain *x, json_t *step,
		   const struct zone_facts *zone, struct view v);

enum explain_abroad {
	EXPLAIN_CLOSED, /* not for who asks; nothing was told */
	EXPLAIN_DONE,
	EXPLAIN_NEXT, /* the chain goes on at x->name */
};

/*
 * The ladder (resolver/ladder.h) for x->name, as recurse_step() climbs it for
 * who asks recursively, or for somebody who is inside of every zone. Nothing is
 * sent: it is told where the question would go, and what the cache has. cut:
 * the referral found in zone, or both NULL.
 */
enum explain_abroad explain_abroad(struct explain *x, json_t *step,
				   const struct lookup *cut,
				   const struct zone_facts *zone);

#endif
