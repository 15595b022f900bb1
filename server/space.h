/*
 * Questions about space on the wire (their grammar: zones/space_question.h; the
 * search: zones/search.h). answer.c hands each name of a chain over before it
 * looks it up, so that no wildcard answers for a place.
 *
 *   answer_step → space_step ─ no question: SPACE_NOT, on to lookup()
 *       scope    lookup(): not there, or below a zone cut, a DNAME
 *       search   space_search(): the zone that holds the scope, and all served
 *                zones at or below it that the client may see, merged; of
 *                `here` also what stands in its footprint and is named in
 *                another such zone beneath the apex
 *       children space_children(): zone cuts whose servers are elsewhere, by
 *                their `_cover`; a CNAME, gathered, or a continuation
 *       answer   PTR or TXT at the asked name, additional data of the hits
 *
 *   question of type     gets
 *
 *   PTR, ANY             the hits' names
 *   TXT                  "RANK METRES NAME" each: "1 2.35 lamp.house."; "-" for
 *                        METRES where there is no distance, for RANK and METRES
 *                        of a continuation; a text of more than 255 octets goes
 *                        on in further strings
 *   any other            NODATA
 *
 * A delegated child's footprint stands in its parent, at `CHILD._cover.<apex>`:
 * a LOC, and `_geo` below that. What is asked of the child are the same labels
 * under the child's name:
 *
 *   one child's cover holds the whole       CNAME to there; with what that
 *   region, and there is no hit here        has, if it is asked recursively
 *                                           from inside and the child answers
 *                                           in time
 *   it is asked recursively from inside     asked for TXT, all children at
 *                                           once; merged by distance; AA=0;
 *                                           places and addresses come along
 *   it did not answer in time, or anybody   a PTR to there (continuation)
 *   else asks
 *
 * Outside, only searches that are exported exist; they look at what the outside
 * has, and know of no child.
 */
#ifndef PLACED_SERVER_SPACE_H
#define PLACED_SERVER_SPACE_H

#include "server/query.h"

/* Of a worker: memory for the hits of one question. What is not touched costs
 * nothing. */
#define SPACE_SCRATCH_LEN ((size_t)4 << 20)

enum space_result {
	SPACE_NOT,     /* an ordinary name */
	SPACE_DONE,    /* items are set */
	SPACE_EMPTY,   /* NODATA, for no longer than `space: ttl` */
	SPACE_BARE,    /* NODATA: the tail of questions */
	SPACE_NOWHERE, /* NXDOMAIN; ede may be set */
	SPACE_FOLLOW,  /* the CNAME is set, the chain goes on at *next */
	SPACE_LATER,   /* q->asks is set */
	SPACE_FAILED,  /* SERVFAIL */
};

/* What a search may cost and bring. */
struct search_limits space_limits(const struct conf *conf);

/* name lies at or below the zone `facts`, which view shows to the client. */
enum space_result space_step(struct query *q, const uint8_t *name,
			     uint16_t type, unsigned hops, struct view view,
			     struct zone_facts *facts, const uint8_t **next);

#endif
