// Prints cells as nodes2ts 4.0.2 has them, a port of S2's Java library to
// TypeScript; made nodes2ts.txt, and is needed only to make it again:
//
//   npm install nodes2ts@4.0.2 && node oracle.mjs >nodes2ts.txt
//
// The lines are those of oracle.cc.
import { S2CellId, S2LatLng } from 'nodes2ts';

const hex = (c) => BigInt.asUintN(64, c.id).toString(16).padStart(16, '0');
const token = (c) => c.toToken();

// Mulberry32: the same numbers everywhere.
let state = 2;
function random()
{
	state = (state + 0x6d2b79f5) | 0;
	let t = Math.imul(state ^ (state >>> 15), 1 | state);
	t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

function randomPoint()
{
	const lat = Math.asin(2 * random() - 1) * 180 / Math.PI;
	const lon = 360 * random() - 180;

	return S2LatLng.fromDegrees(lat, lon);
}

function printPoint(lat, lon)
{
	const at = S2LatLng.fromDegrees(Number(lat), Number(lon));

	console.log('point', lat, lon, hex(S2CellId.fromPoint(at.toPoint())));
}

function children(c)
{
	const four = [];

	for (let kid = c.childBegin(); four.length < 4; kid = kid.next())
		four.push(token(kid));
	return four;
}

function printCell(c)
{
	const at = c.toLatLng();
	const level = c.level();
	const four = level === 30 ? ['X', 'X', 'X', 'X'] : children(c);
	const all = c.getAllNeighbors(level).map(token)
		.filter((t) => t !== token(c));
	const touching = [...new Set(all)].sort((a, b) =>
		a.padEnd(16, '0') < b.padEnd(16, '0') ? -1 : 1);

	console.log('cell', hex(c), token(c), level, at.latDegrees,
		    at.lngDegrees, level === 0 ? 'X' : token(c.parent()),
		    hex(c.rangeMax()), ...four,
		    ...c.getEdgeNeighbors().map(token), touching.length,
		    ...touching);
}

for (let k = 0; k < 400; k++) {
	const at = randomPoint();

	printPoint(at.latDegrees.toFixed(7), at.lngDegrees.toFixed(7));
}
for (let k = 0; k < 400; k++) {
	const leaf = S2CellId.fromPoint(randomPoint().toPoint());

	printCell(leaf.parentL(Math.floor(random() * 31)));
}
