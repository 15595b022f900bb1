/* Outlines in degrees: cleaning, containment, size. */
#include "tools/plan.h"

#include "zones/place.h"

#include <math.h>
#include <string.h>

/* Larger than any building: coordinates that are no degrees, or a region. */
#define SHAPE_LARGEST 20000.0 /* metres from one side to the other */
#define SHAPE_SAME 1e-9	      /* degrees: a tenth of a millimetre */

static bool
shape_same(struct plan_point a, struct plan_point b)
{
	return fabs(a.lat - b.lat) < SHAPE_SAME &&
	       fabs(a.lon - b.lon) < SHAPE_SAME;
}

static void
shape_clean_ring(struct plan_ring *ring)
{
	size_t kept = 0;

	for (size_t i = 0; i < ring->count; i++)
		if (kept == 0 || !shape_same(ring->at[kept - 1], ring->at[i]))
			ring->at[kept++] = ring->at[i];
	while (kept > 1 && shape_same(ring->at[kept - 1], ring->at[0]))
		kept--;
	ring->count = kept;
	for (size_t i = 1; i < kept; i++) { /* go on beyond 180 degrees */
		if (ring->at[i].lon - ring->at[0].lon > 180)
			ring->at[i].lon -= 360;
		else if (ring->at[0].lon - ring->at[i].lon > 180)
			ring->at[i].lon += 360;
	}
}

struct plan_box
plan_shape_box(const struct plan_ring *ring)
{
	struct plan_box box = {ring->at[0], ring->at[0]};

	for (size_t i = 1; i < ring->count; i++) {
		box.low.lat = fmin(box.low.lat, ring->at[i].lat);
		box.low.lon = fmin(box.low.lon, ring->at[i].lon);
		box.high.lat = fmax(box.high.lat, ring->at[i].lat);
		box.high.lon = fmax(box.high.lon, ring->at[i].lon);
	}
	return box;
}

static double
shape_east(double lat)
{
	return PLACE_METRES_A_DEGREE * cos(lat * M_PI / 180);
}

const char *
plan_shape_clean(struct plan_area *area)
{
	size_t kept = 1;
	struct plan_box box;

	if (area->count == 0)
		return "it has no outline";
	for (size_t i = 0; i < area->count; i++)
		shape_clean_ring(&area->rings[i]);
	if (area->rings[0].count < 3)
		return "its outline has fewer than three corners";
	for (size_t i = 1; i < area->count; i++)
		if (area->rings[i].count >= 3)
			area->rings[kept++] = area->rings[i];
	area->count = kept;
	box = plan_shape_box(&area->rings[0]);
	if ((box.high.lat - box.low.lat) * PLACE_METRES_A_DEGREE >
		    SHAPE_LARGEST ||
	    (box.high.lon - box.low.lon) * shape_east(box.low.lat) >
		    SHAPE_LARGEST)
		return "it is larger than 20 km: are its coordinates degrees?";
	return NULL;
}

static bool
shape_ring_contains(const struct plan_ring *ring, struct plan_point at)
{
	bool inside = false;

	for (size_t i = 0; i < ring->count; i++) {
		struct plan_point a = ring->at[i];
		struct plan_point b = ring->at[(i + 1) % ring->count];

		if ((a.lat > at.lat) != (b.lat > at.lat) &&
		    at.lon < (b.lon - a.lon) * (at.lat - a.lat) /
					     (b.lat - a.lat) +
				     a.lon)
			inside = !inside;
	}
	return inside;
}

bool
plan_shape_contains(const struct plan_area *area, struct plan_point at)
{
	if (area->count == 0 || !shape_ring_contains(&area->rings[0], at))
		return false;
	for (size_t i = 1; i < area->count; i++)
		if (shape_ring_contains(&area->rings[i], at))
			return false;
	return true;
}

struct plan_point
plan_shape_middle(const struct plan_ring *ring)
{
	struct plan_box box;

	if (ring->count == 0)
		return (struct plan_point){0};
	box = plan_shape_box(ring);
	return (struct plan_point){.lat = (box.low.lat + box.high.lat) / 2,
				   .lon = (box.low.lon + box.high.lon) / 2};
}

/* --- the centre ---------------------------------------------------------- */

static struct plan_point
shape_centroid(const struct plan_ring *ring)
{
	struct plan_point o = ring->at[0], sum = {0};
	double twice = 0;

	for (size_t i = 0; i < ring->count; i++) {
		struct plan_point a = ring->at[i];
		struct plan_point b = ring->at[(i + 1) % ring->count];
		double cross = (a.lon - o.lon) * (b.lat - o.lat) -
			       (b.lon - o.lon) * (a.lat - o.lat);

		twice += cross;
		sum.lat += cross * (a.lat + b.lat - 2 * o.lat);
		sum.lon += cross * (a.lon + b.lon - 2 * o.lon);
	}
	if (twice == 0)
		return o;
	return (struct plan_point){.lat = o.lat + sum.lat / (3 * twice),
				   .lon = o.lon + sum.lon / (3 * twice)};
}

/* Metres from at to the segment from a to b. */
static double
shape_segment(struct plan_point at, struct plan_point a, struct plan_point b)
{
	double east = shape_east(at.lat), north = PLACE_METRES_A_DEGREE;
	double ax = (a.lon - at.lon) * east, ay = (a.lat - at.lat) * north;
	double dx = (b.lon - a.lon) * east, dy = (b.lat - a.lat) * north;
	double length = dx * dx + dy * dy;
	double t = length == 0 ? 0 : -(ax * dx + ay * dy) / length;

	t = fmin(1, fmax(0, t));
	return hypot(ax + t * dx, ay + t * dy);
}

/* Metres to the nearest edge, below 0 if it is outside. */
static double
shape_clearance(const struct plan_area *area, struct plan_point at)
{
	double least = INFINITY;

	if (!plan_shape_contains(area, at))
		return -1;
	for (size_t i = 0; i < area->count; i++) {
		const struct plan_ring *ring = &area->rings[i];

		for (size_t k = 0; k < ring->count; k++)
			least = fmin(
				least,
				shape_segment(at, ring->at[k],
					      ring->at[(k + 1) % ring->count]));
	}
	return least;
}

struct plan_point
plan_shape_centre(const struct plan_area *area, struct plan_point other)
{
	struct plan_point centre = shape_centroid(&area->rings[0]);

	return shape_clearance(area, centre) > 0 &&
			       shape_clearance(area, centre) >=
				       shape_clearance(area, other) / 2
		       ? centre
		       : other;
}
