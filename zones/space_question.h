/*
 * Questions about space: names that say where and what is asked for, so that
 * any DNS client can ask them and any cache can keep the answer. This is their
 * grammar; zones are searched elsewhere.
 *
 *     _ipp._tcp . 41.659896n.91.537422w.k5.10m . _near . rm-1420.example.
 *     service     items, in any order            kind    scope
 *
 * The scope is the space or any place in it: only what is named at or below it
 * is looked at. The kind is the first `_near`, `_in`, `_box` or `_here` below
 * the apex; whatever is left of it is items:
 *
 *     item                   is                              in
 *     41.659896n, 9.5s, 41n  latitude, decimal degrees       near in box
 *     91.537422w, 0e         longitude                       near in box
 *     10m, 2.5m              radius, more than 0             near
 *     k5                     so many, the nearest            near
 *     l0, l-1                level, its ordinal              near in box
 *     a216m, a216.5m, a-3m   altitude above the ellipsoid    near in
 *
 * A decimal point is a dot between labels. Reading goes from right to left, and
 * a label of digits alone always belongs to the label on its right; so does
 * `a` and digits without an `m`. That leaves one reading for every name.
 *
 * Each item may be there once. _near, _in need latitude and longitude; _near
 * with neither radius nor k leaves the number to whoever answers, with both it
 * means the k nearest within the radius. _box needs two latitudes and two
 * longitudes, in the order of the corners: the left ones are south and west,
 * the right ones north and east; west of 170 and east of -170 is a box across
 * the antimeridian. _here has no items.
 *
 * In front of the items a service may stand, in each kind: `_ipp._tcp`, with a
 * subtype as `_color._sub._ipp._tcp`, or `_services._dns-sd._udp` (RFC 6763
 * sections 4.1.2, 7.1, 9), so that a search or `_here` can be browsed like a
 * domain.
 *
 * All of it is compared without case. Angles go to the nearest thousandth of a
 * second of arc, lengths to the nearest millimetre (radius) or centimetre
 * (altitude).
 */
#ifndef PLACED_ZONES_SPACE_QUESTION_H
#define PLACED_ZONES_SPACE_QUESTION_H

#include "lib/base.h"
#include "zones/place.h"

#define SPACE_K_MAX 65535
#define SPACE_RADIUS_MAX 20100000000ull /* mm: half around the world */
#define SPACE_WHY_MAX 101		/* 100 octets and the NUL */

enum space_kind {
	SPACE_NEAR,
	SPACE_IN,
	SPACE_BOX,
	SPACE_HERE,
};

enum space_outcome {
	SPACE_NONE,	  /* no question about space: an ordinary name */
	SPACE_VALID,	  /* ask away */
	SPACE_TAIL,	  /* the tail of valid questions: exists, has no data
			     (NODATA, never NXDOMAIN: RFC 8020, RFC 9156) */
	SPACE_IMPOSSIBLE, /* nor is any name below it valid: NXDOMAIN */
};

/* Pointers point into the name that was parsed. */
struct space_question {
	enum space_kind kind;
	const uint8_t *scope;	/* the name behind the kind */
	size_t prefix_len;	/* octets of labels in front of it */
	const uint8_t *service; /* its leftmost label, NULL if there is none */
	size_t service_len;	/* octets of its labels */
	struct place_spot spot; /* near, in; box: its south-west corner */
	struct place_spot far;	/* box: its north-east corner */
	bool has_radius, has_level, has_altitude;
	uint64_t radius;  /* mm */
	uint32_t k;	  /* 0: not given */
	int16_t level;	  /* -PLACE_LEVEL_MAX to PLACE_LEVEL_MAX */
	int64_t altitude; /* cm, in the range of LOC */
};

/*
 * Reads a name at or below apex. q is set as a whole if VALID; kind, scope and
 * prefix_len are set unless NONE. If IMPOSSIBLE, why (SPACE_WHY_MAX octets; may
 * be NULL) gets a sentence for an EDE, in printable ASCII: what is wrong, with
 * the label that is. Costs one look at each label; no memory.
 *
 * Whether the scope exists is the caller's to say.
 */
enum space_outcome space_question_parse(struct space_question *q,
					const uint8_t *name,
					const uint8_t *apex, char *why);

/*
 * The canonical name of a question under a scope, into dst (NAME_WIRE_MAX
 * octets): service, corners or spot, level, altitude, k, radius, kind, with as
 * few digits as there can be. Parsing it gives the same question. Returns its
 * length, 0 if it would exceed 255. q->scope and q->prefix_len are not looked
 * at.
 */
size_t space_question_write(uint8_t *dst, const struct space_question *q,
			    const uint8_t *scope);

/* The same labels, as they were sent, under another scope (a continuation, or
 * the target of a CNAME); name is what q was parsed from. 0 as above. */
size_t space_question_move(uint8_t *dst, const struct space_question *q,
			   const uint8_t *name, const uint8_t *scope);

/* "_near", ...: the kind's label, without case. */
const char *space_kind_label(enum space_kind kind);

/* True if name is one of the four below the apex, or lies below one: no record
 * may be stored there. name is at or below apex. */
bool space_name_reserved(const uint8_t *name, const uint8_t *apex);

#endif
