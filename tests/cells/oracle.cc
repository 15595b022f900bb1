// Prints cells as S2's own C++ library has them; made libs2.txt, and is needed
// only to make it again, with Debian's libs2-dev:
//
//   g++ -std=c++17 -O2 oracle.cc -o oracle -ls2 && ./oracle >libs2.txt
//
// Lines of two kinds, LEAF, ID and LAST as 16 hexadecimal digits, the rest of
// the cells as tokens, X for those that are not there:
//
//   point LAT LON LEAF
//   cell ID TOKEN LEVEL LAT LON PARENT LAST CHILD*4 EDGE*4 N TOUCHING*N
//
// TOUCHING, edges and corners, is in rising order.
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <random>
#include <set>
#include <vector>

#include <s2/s2cell_id.h>
#include <s2/s2latlng.h>

static std::set<uint64_t> printed;

static void print_point(double lat, double lon)
{
	S2LatLng at = S2LatLng::FromDegrees(lat, lon);

	printf("point %.17g %.17g %016" PRIx64 "\n", lat, lon,
	       S2CellId(at).id());
}

static void print_token(S2CellId c)
{
	printf(" %s", c.ToToken().c_str());
}

static void print_cell(S2CellId c)
{
	S2LatLng at = c.ToLatLng();
	S2CellId edge[4];
	std::vector<S2CellId> all;
	std::set<S2CellId> touching;

	if (!printed.insert(c.id()).second)
		return;
	printf("cell %016" PRIx64 " %s %d %.17g %.17g", c.id(),
	       c.ToToken().c_str(), c.level(), at.lat().degrees(),
	       at.lng().degrees());
	print_token(c.is_face() ? S2CellId() : c.parent());
	printf(" %016" PRIx64, c.range_max().id());
	for (int k = 0; k < 4; k++)
		print_token(c.is_leaf() ? S2CellId() : c.child(k));
	c.GetEdgeNeighbors(edge);
	for (S2CellId e : edge)
		print_token(e);
	c.AppendAllNeighbors(c.level(), &all);
	for (S2CellId a : all)
		if (a != c)
			touching.insert(a);
	printf(" %zu", touching.size());
	for (S2CellId a : touching)
		print_token(a);
	printf("\n");
}

static void print_special_points()
{
	static const double lats[] = {-90, -89.9999999, -60, -45, -35.3, 0,
				      1e-9, 35.3, 45, 60, 89.9999999, 90};
	static const double lons[] = {-180, -179.9999999, -135.1, -90, -44.9,
				      0, 1e-9, 45.1, 90, 134.9, 179.9999999,
				      180};

	for (double lat : lats)
		for (double lon : lons)
			print_point(lat, lon);
}

// Cells of every level in the corners and the middle of every face, and at the
// middles of its edges.
static void print_special_cells()
{
	static const int at[] = {0, (1 << 29) - 1, 1 << 29, (1 << 30) - 1};

	for (int face = 0; face < 6; face++)
		for (int level = 0; level <= 30; level += level < 3 ? 1 : 9)
			for (int k = 0; k < 16; k++)
				print_cell(S2CellId::FromFaceIJ(face, at[k / 4],
								at[k % 4])
						   .parent(level));
}

int main()
{
	std::mt19937_64 random(1);
	std::uniform_real_distribution<double> unit(0, 1);

	print_special_points();
	for (int k = 0; k < 500; k++) {
		double lat = std::asin(2 * unit(random) - 1) * 180 / M_PI;
		double lon = 360 * unit(random) - 180;

		print_point(lat, lon);
	}
	print_special_cells();
	for (int k = 0; k < 700; k++) {
		S2CellId leaf(random() % (uint64_t{6} << 61) | 1);

		print_cell(leaf.parent(random() % 31));
	}
}
