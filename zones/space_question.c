#include "zones/space_question.h"

#include "lib/name.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOW_MAX 24

static const char *const kind_labels[] = {
	[SPACE_NEAR] = "_near",
	[SPACE_IN] = "_in",
	[SPACE_BOX] = "_box",
	[SPACE_HERE] = "_here",
};

/* One question that is read from its kind leftward. */
struct reading {
	struct space_question *q;
	char *why;
	const uint8_t *label[NAME_LABELS_MAX]; /* left of the kind */
	unsigned left;			       /* labels not read yet */
	unsigned lats, lons;
	const uint8_t *open_south; /* the name begins with a box's southern
				      latitude, which may go on */
	bool partial; /* it begins with an item that has to go on */
};

/* What one step leads to; the rest goes on. */
enum step {
	STEP_FAIL,
	STEP_OK,
};

/* --- labels -------------------------------------------------------------- */

static bool
label_is(const uint8_t *label, const char *text)
{
	size_t len = strlen(text);

	if (label[0] != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name_lower_octet(label[1 + i]) != (uint8_t)text[i])
			return false;
	return true;
}

static const char *
label_text(const uint8_t *label)
{
	return (const char *)label + 1;
}

static bool
is_digits(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return len > 0;
}

/* A letter, perhaps a minus, and digits: "a-3", "l0", "k5". */
static bool
is_lettered(const uint8_t *label, char letter)
{
	const char *text = label_text(label);
	size_t len = label[0];

	if (len < 2 || name_lower_octet(label[1]) != (uint8_t)letter)
		return false;
	if (text[1] == '-' && letter != 'k')
		return is_digits(text + 2, len - 2);
	return is_digits(text + 1, len - 1);
}

/* The label as it may be shown: cut, and harmless. */
static void
label_show(char show[SHOW_MAX + 4], const uint8_t *label)
{
	size_t n = 0;

	for (; n < label[0] && n < SHOW_MAX; n++) {
		char c = label_text(label)[n];

		show[n] = c > ' ' && c <= '~' && c != '\'' ? c : '?';
	}
	strcpy(show + n, n < label[0] ? "..." : "");
}

__attribute__((format(printf, 3, 4))) static enum step
fail(struct reading *r, const uint8_t *label, const char *fmt, ...)
{
	char show[SHOW_MAX + 4];
	size_t n = 0;
	va_list ap;

	if (!r->why)
		return STEP_FAIL;
	if (label) {
		label_show(show, label);
		n = (size_t)snprintf(r->why, SPACE_WHY_MAX, "'%s' ", show);
	}
	va_start(ap, fmt);
	vsnprintf(r->why + n, SPACE_WHY_MAX - n, fmt, ap);
	va_end(ap);
	return STEP_FAIL;
}

static const char *
kind_name(const struct reading *r)
{
	return kind_labels[r->q->kind];
}

static enum step
not_here(struct reading *r, const uint8_t *label, const char *what)
{
	return fail(r, label, "is %s, which %s does not take", what,
		    kind_name(r));
}

static enum step
twice(struct reading *r, const uint8_t *label, const char *what)
{
	return fail(r, label, "is one %s too many for %s", what, kind_name(r));
}

/* --- numbers over one or two labels -------------------------------------- */

struct number {
	const char *whole, *frac;
	size_t whole_len, frac_len;
	bool open; /* the name begins here: more digits may come */
};

/* The digits of a label that ends in a unit, with the label of digits to the
 * left if there is one. */
static void
number_take(struct reading *r, struct number *n, const uint8_t *label)
{
	const uint8_t *before = r->left > 0 ? r->label[r->left - 1] : NULL;

	memset(n, 0, sizeof(*n));
	n->whole = label_text(label);
	n->whole_len = label[0] - 1u;
	n->open = before == NULL;
	if (before && is_digits(label_text(before), before[0])) {
		n->frac = n->whole;
		n->frac_len = n->whole_len;
		n->whole = label_text(before);
		n->whole_len = before[0];
		r->left--;
	}
}

static bool
number_value(uint64_t *v, const struct number *n, uint32_t scale, uint64_t max)
{
	return place_decimal(v, n->whole, n->whole_len, n->frac, n->frac_len,
			     scale, max);
}

/* --- items --------------------------------------------------------------- */

/* Where the next angle goes: a box is read from its north-east corner. */
static struct place_spot *
spot_next(struct reading *r, unsigned have)
{
	if (r->q->kind == SPACE_BOX)
		return have == 0 ? &r->q->far : &r->q->spot;
	return &r->q->spot;
}

static enum step
angle_read(struct reading *r, const uint8_t *label, char unit)
{
	bool lat = unit == 'n' || unit == 's';
	const char *what = lat ? "latitude" : "longitude";
	unsigned *have = lat ? &r->lats : &r->lons;
	struct place_spot *spot;
	struct number n;
	uint64_t v;
	int32_t mas;

	if (*have == (r->q->kind == SPACE_BOX ? 2 : 1))
		return twice(r, label, what);
	number_take(r, &n, label);
	if (n.open && lat && *have == 1)
		r->open_south = label;
	if (!number_value(&v, &n, PLACE_DEGREE,
			  lat ? PLACE_LAT_MAX : PLACE_LON_MAX)) {
		r->partial = n.open;
		return n.open ? STEP_OK
			      : fail(r, label, "is beyond %s degrees %s",
				     lat ? "90" : "180", what);
	}
	mas = unit == 's' || unit == 'w' ? -(int32_t)v : (int32_t)v;
	spot = spot_next(r, (*have)++);
	*(lat ? &spot->lat : &spot->lon) = mas;
	return STEP_OK;
}

static enum step
altitude_read(struct reading *r, const uint8_t *label, struct number *n)
{
	struct space_question *q = r->q;
	bool below = n->whole[0] == '-';
	uint64_t v;

	if (q->kind != SPACE_NEAR && q->kind != SPACE_IN)
		return not_here(r, label, "an altitude");
	if (q->has_altitude)
		return twice(r, label, "altitude");
	n->whole += below;
	n->whole_len -= below;
	if (!number_value(&v, n, 100, below ? -PLACE_ALT_MIN : PLACE_ALT_MAX))
		return fail(r, label,
			    "is no altitude from -100000 to 42849672.95 m");
	q->has_altitude = true;
	q->altitude = below ? -(int64_t)v : (int64_t)v;
	return STEP_OK;
}

/* "10m" at the beginning of a name may yet become "2.10m" or "a2.10m". */
static bool
metres_may_go_on(const struct reading *r, const struct number *n)
{
	const struct space_question *q = r->q;

	return n->open && ((q->kind == SPACE_NEAR && !q->has_radius) ||
			   (q->kind != SPACE_BOX && !q->has_altitude));
}

static enum step
radius_read(struct reading *r, const uint8_t *label)
{
	struct space_question *q = r->q;
	struct number n;
	uint64_t v;

	number_take(r, &n, label);
	if (q->kind == SPACE_NEAR && !q->has_radius &&
	    number_value(&v, &n, 1000, SPACE_RADIUS_MAX) && v > 0) {
		q->has_radius = true;
		q->radius = v;
		return STEP_OK;
	}
	if (metres_may_go_on(r, &n)) {
		r->partial = true;
		return STEP_OK;
	}
	if (q->kind != SPACE_NEAR)
		return not_here(r, label, "a radius");
	if (q->has_radius)
		return twice(r, label, "radius");
	return fail(r, label, "is no radius from 0.001 to 20100000 m");
}

/* 5m: a radius, or the end of one, or the end of an altitude. */
static enum step
metres_read(struct reading *r, const uint8_t *label)
{
	const uint8_t *before = r->left > 0 ? r->label[r->left - 1] : NULL;
	struct number n = {0};

	if (!before || !is_lettered(before, 'a'))
		return radius_read(r, label);
	r->left--;
	n.whole = label_text(before) + 1;
	n.whole_len = before[0] - 1u;
	n.frac = label_text(label);
	n.frac_len = label[0] - 1u;
	return altitude_read(r, before, &n);
}

/* Up to five digits. */
static uint32_t
small_number(const char *text, size_t len)
{
	uint32_t n = 0;

	for (size_t i = 0; i < len && n <= SPACE_K_MAX; i++)
		n = n * 10 + (uint32_t)(text[i] - '0');
	return n;
}

static enum step
k_read(struct reading *r, const uint8_t *label)
{
	uint32_t k = small_number(label_text(label) + 1, label[0] - 1u);

	if (r->q->kind != SPACE_NEAR)
		return not_here(r, label, "a count");
	if (r->q->k > 0)
		return twice(r, label, "count");
	if (k == 0 || k > SPACE_K_MAX)
		return fail(r, label, "is no count from k1 to k%d",
			    SPACE_K_MAX);
	r->q->k = k;
	return STEP_OK;
}

static enum step
level_read(struct reading *r, const uint8_t *label)
{
	bool below = label_text(label)[1] == '-';
	uint32_t n = small_number(label_text(label) + 1 + below,
				  label[0] - 1u - below);

	if (r->q->has_level)
		return twice(r, label, "level");
	if (n > PLACE_LEVEL_MAX)
		return fail(r, label, "is no level from l-%d to l%d",
			    PLACE_LEVEL_MAX, PLACE_LEVEL_MAX);
	r->q->has_level = true;
	r->q->level = (int16_t)(below ? -(int)n : (int)n);
	return STEP_OK;
}

/* No item: why not? */
static enum step
stray_read(struct reading *r, const uint8_t *label)
{
	if (is_digits(label_text(label), label[0]))
		return fail(r, label, "lacks a unit (n, s, e, w or m)");
	if (is_lettered(label, 'a'))
		return fail(r, label, "lacks its m");
	return fail(r, label, "is none of 41.5n, 91.5w, 10m, k5, l0, a216.5m");
}

static enum step
item_read(struct reading *r)
{
	const uint8_t *label = r->label[--r->left];
	const char *text = label_text(label);
	size_t len = label[0];
	char unit = (char)name_lower_octet(label[len]);
	bool whole = len >= 2 && is_digits(text, len - 1);
	struct number n = {.whole = text + 1, .whole_len = len - 2};

	if (r->q->kind == SPACE_HERE)
		return fail(r, label,
			    "stands left of _here, which takes no items");
	if (whole && unit != '\0' && strchr("nsew", unit))
		return angle_read(r, label, unit);
	if (whole && unit == 'm')
		return metres_read(r, label);
	if (is_lettered(label, 'k'))
		return k_read(r, label);
	if (is_lettered(label, 'l'))
		return level_read(r, label);
	if (unit == 'm' && name_lower_octet(label[1]) == 'a' && len >= 3 &&
	    is_digits(text + 1 + (text[1] == '-'), len - 2 - (text[1] == '-')))
		return altitude_read(r, label, &n);
	return stray_read(r, label);
}

/* --- services ------------------------------------------------------------ */

static enum space_outcome
service_bad(struct reading *r, unsigned i)
{
	fail(r, r->label[i],
	     "is not of a service, as _ipp._tcp or x._sub._ipp._tcp");
	return SPACE_IMPOSSIBLE;
}

/* Labels 0 to left - 1, read from the right: protocol, type, `_sub`, subtype.
 */
static enum space_outcome
service_read(struct reading *r)
{
	unsigned n = r->left;
	bool udp = label_is(r->label[n - 1], "_udp"), all;

	if (!udp && !label_is(r->label[n - 1], "_tcp"))
		return service_bad(r, n - 1);
	if (n == 1)
		return SPACE_TAIL;
	if (r->label[n - 2][0] < 2 || r->label[n - 2][1] != '_')
		return service_bad(r, n - 2);
	all = udp && label_is(r->label[n - 2], "_dns-sd");
	if (n == 2 && all)
		return SPACE_TAIL;
	if (n > 2 && !label_is(r->label[n - 3], all ? "_services" : "_sub"))
		return service_bad(r, n - 3);
	if (n == 3 && !all)
		return SPACE_TAIL;
	if (n > (all ? 3 : 4))
		return service_bad(r, n - (all ? 4 : 5));
	r->q->service = r->label[0];
	for (unsigned i = 0; i < n; i++)
		r->q->service_len += 1u + r->label[i][0];
	return SPACE_VALID;
}

/* --- the whole ----------------------------------------------------------- */

/* The labels below apex into label; returns their number. */
static unsigned
labels_split(const uint8_t **label, const uint8_t *name, const uint8_t *apex)
{
	unsigned all = name_labels(name), above = name_labels(apex);
	unsigned n = all > above ? all - above : 0;

	for (unsigned i = 0; i < n; i++) {
		label[i] = name;
		name += 1 + *name;
	}
	return n;
}

/* The first kind below the apex; n if there is none. */
static unsigned
kind_find(const uint8_t *const *label, unsigned n, enum space_kind *kind)
{
	for (unsigned i = n; i-- > 0;) {
		if (label[i][1] != '_')
			continue;
		for (unsigned k = 0; k < ARRAY_LEN(kind_labels); k++)
			if (label_is(label[i], kind_labels[k])) {
				*kind = (enum space_kind)k;
				return i;
			}
	}
	return n;
}

/* A southern latitude that begins the name: with the whole degrees that bring
 * it farthest south, is it south of the northern one? */
static bool
south_may_go_on(const struct reading *r)
{
	const uint8_t *label = r->open_south;
	struct number n = {.frac = label_text(label),
			   .frac_len = label[0] - 1u};
	bool south = name_lower_octet(label[label[0]]) == 's';
	static const char *const whole[] = {"90", "89", "0"};
	uint64_t v = 0;

	for (unsigned i = south ? 0 : 2; i < 3; i++) {
		n.whole = whole[i];
		n.whole_len = strlen(whole[i]);
		if (number_value(&v, &n, PLACE_DEGREE, PLACE_LAT_MAX))
			break;
	}
	return (south ? -(int64_t)v : (int64_t)v) <= r->q->far.lat;
}

/* All items are read; is that enough? Left of them is nothing, or a service. */
static enum space_outcome
items_finish(struct reading *r)
{
	struct space_question *q = r->q;
	unsigned need = q->kind == SPACE_BOX ? 2 : 1;

	if ((r->lats == 2 && q->spot.lat > q->far.lat) ||
	    (r->partial && r->open_south)) {
		if (r->open_south && south_may_go_on(r))
			return SPACE_TAIL;
		fail(r, NULL,
		     "the south-west corner, which comes first, is north of "
		     "the other");
		return SPACE_IMPOSSIBLE;
	}
	if (r->partial)
		return SPACE_TAIL;
	if (q->kind == SPACE_HERE || (r->lats == need && r->lons == need))
		return r->left > 0 ? service_read(r) : SPACE_VALID;
	if (r->left == 0)
		return SPACE_TAIL;
	fail(r, r->label[r->left - 1], "stands where a %s is missing for %s",
	     r->lats < need ? "latitude" : "longitude", kind_name(r));
	return SPACE_IMPOSSIBLE;
}

enum space_outcome
space_question_parse(struct space_question *q, const uint8_t *name,
		     const uint8_t *apex, char *why)
{
	struct reading r = {.q = q, .why = why};
	unsigned n = labels_split(r.label, name, apex);
	enum space_kind kind;

	r.left = kind_find(r.label, n, &kind);
	if (r.left == n)
		return SPACE_NONE;
	memset(q, 0, sizeof(*q));
	q->kind = kind;
	q->scope = r.label[r.left] + 1 + r.label[r.left][0];
	q->prefix_len = (size_t)(q->scope - name);
	while (r.left > 0 && r.label[r.left - 1][1] != '_')
		if (item_read(&r) == STEP_FAIL)
			return SPACE_IMPOSSIBLE;
	return items_finish(&r);
}

bool
space_name_reserved(const uint8_t *name, const uint8_t *apex)
{
	const uint8_t *label[NAME_LABELS_MAX];
	unsigned n = labels_split(label, name, apex);
	enum space_kind kind;

	return kind_find(label, n, &kind) < n;
}

const char *
space_kind_label(enum space_kind kind)
{
	return kind_labels[kind];
}

/* --- writing ------------------------------------------------------------- */

struct labels {
	uint8_t octets[NAME_WIRE_MAX];
	size_t len;
	bool full;
};

static void
octets_put(struct labels *l, const void *from, size_t len)
{
	if (len > sizeof(l->octets) - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->octets + l->len, from, len);
	l->len += len;
}

/* Labels from text without escapes, a dot between them. */
static void
text_put(struct labels *l, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ".");
		uint8_t octet = (uint8_t)len;

		octets_put(l, &octet, 1);
		octets_put(l, text, len);
		if (text[len] == '\0')
			return;
		text += len + 1;
	}
}

static void
angle_put(struct labels *l, int32_t mas, char positive, char negative)
{
	char text[PLACE_ANGLE_TEXT_MAX + 1];
	bool minus = mas < 0;
	size_t len = place_angle_write(text, minus ? -mas : mas);

	text[len] = minus ? negative : positive;
	text[len + 1] = '\0';
	text_put(l, text);
}

static void
spot_put(struct labels *l, struct place_spot spot)
{
	angle_put(l, spot.lat, 'n', 's');
	angle_put(l, spot.lon, 'e', 'w');
}

/* v in parts of a metre, `places` decimals, without zeros at the end. */
static void
metres_put(struct labels *l, const char *before, uint64_t v, int places)
{
	char text[48];
	uint64_t unit = 1;

	for (int i = 0; i < places; i++)
		unit *= 10;
	while (places > 0 && v % 10 == 0) {
		v /= 10;
		unit /= 10;
		places--;
	}
	if (places > 0)
		snprintf(text, sizeof(text), "%s%" PRIu64 ".%0*" PRIu64 "m",
			 before, v / unit, places, v % unit);
	else
		snprintf(text, sizeof(text), "%s%" PRIu64 "m", before, v);
	text_put(l, text);
}

static void
items_put(struct labels *l, const struct space_question *q)
{
	char text[16];

	if (q->kind != SPACE_HERE)
		spot_put(l, q->spot);
	if (q->kind == SPACE_BOX)
		spot_put(l, q->far);
	if (q->has_level) {
		snprintf(text, sizeof(text), "l%d", q->level);
		text_put(l, text);
	}
	if (q->has_altitude)
		metres_put(l, q->altitude < 0 ? "a-" : "a",
			   q->altitude < 0 ? -(uint64_t)q->altitude
					   : (uint64_t)q->altitude,
			   2);
	if (q->k > 0) {
		snprintf(text, sizeof(text), "k%u", (unsigned)q->k);
		text_put(l, text);
	}
	if (q->has_radius)
		metres_put(l, "", q->radius, 3);
}

size_t
space_question_write(uint8_t *dst, const struct space_question *q,
		     const uint8_t *scope)
{
	struct labels l = {.len = 0};

	if (q->service)
		octets_put(&l, q->service, q->service_len);
	items_put(&l, q);
	text_put(&l, kind_labels[q->kind]);
	return l.full ? 0 : name_concat(dst, l.octets, l.len, scope);
}

size_t
space_question_move(uint8_t *dst, const struct space_question *q,
		    const uint8_t *name, const uint8_t *scope)
{
	return name_concat(dst, name, q->prefix_len, scope);
}
