/*
 * The floor of a server that keeps its records in LMDB, under the store's own
 * tables and keys (zones/store.h, zones/key.h), with nothing around it.
 *
 *   floor udp PORT FILE ZONE     the echo, and one bare mdb_get() of the asked
 *                                name's node for each question
 *   floor commit SECONDS FILE    commits of what an update of the benchmark
 *                                writes: two nodes, the SOA's node, the zone's
 *                                record, an entry of the journal
 *
 * FILE is a copy of a store; commits change it. Prints one line of key=value.
 */
#include "bench.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LABELS = 128,
	ID = 4, /* octets of a zone's id, in front of its keys */
};

struct store {
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi nodes, zones, journal;
};

static void
check(int rc, const char *what)
{
	if (rc != 0)
		die("floor: %s: %s", what, mdb_strerror(rc));
}

static void
store_open(struct store *s, const char *path, unsigned flags)
{
	check(mdb_env_create(&s->env), "env");
	check(mdb_env_set_maxdbs(s->env, 8), "maxdbs");
	check(mdb_env_set_mapsize(s->env, (size_t)1 << 34), "mapsize");
	check(mdb_env_open(s->env, path, flags | MDB_NOSUBDIR, 0600), path);
	check(mdb_txn_begin(s->env, NULL, flags, &s->txn), "txn");
	check(mdb_dbi_open(s->txn, "nodes", 0, &s->nodes), "nodes");
	check(mdb_dbi_open(s->txn, "zones", 0, &s->zones), "zones");
	check(mdb_dbi_open(s->txn, "journal", 0, &s->journal), "journal");
	check(mdb_txn_commit(s->txn), "commit");
	check(mdb_txn_begin(s->env, NULL, flags, &s->txn), "txn");
}

/* --- questions ------------------------------------------------------------ */

struct zone {
	uint8_t id[ID];
	unsigned labels;
};

static void
zone_find(struct zone *z, struct store *s, const char *name)
{
	uint8_t wire[256];
	MDB_cursor *cursor;
	MDB_val key, value;

	name_put(wire, name);
	z->labels = 0;
	for (const uint8_t *at = wire; *at != 0; at += *at + 1)
		z->labels++;
	check(mdb_cursor_open(s->txn, s->nodes, &cursor), "cursor");
	check(mdb_cursor_get(cursor, &key, &value, MDB_FIRST), "first key");
	memcpy(z->id, key.mv_data, ID);
	mdb_cursor_close(cursor);
}

/* The key of the asked name, which is below the zone and in lower case. */
static size_t
key_make(uint8_t *key, const struct zone *z, const uint8_t *name)
{
	const uint8_t *label[LABELS];
	unsigned n = 0;
	size_t len = ID;

	memcpy(key, z->id, ID);
	for (; *name != 0; name += *name + 1)
		label[n++] = name;
	for (n -= z->labels; n-- > 0;) {
		memcpy(key + len, label[n] + 1, *label[n]);
		len += *label[n];
		key[len++] = 0;
	}
	return len;
}

/* One A record, its address out of the node that was found. */
static size_t
answer(const struct store *s, const struct zone *z, uint8_t *message, size_t n)
{
	static const uint8_t record[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 10, 0, 0, 1,
	};
	uint8_t octets[512];
	MDB_val key = {.mv_data = octets}, value;

	message[2] |= 0x84; /* QR AA */
	key.mv_size = key_make(octets, z, message + 12);
	if (mdb_get(s->txn, s->nodes, &key, &value) != 0) {
		message[3] |= 3;
		return n;
	}
	memcpy(message + n, record, sizeof record);
	memcpy(message + n + 12, (uint8_t *)value.mv_data + value.mv_size - 4,
	       4);
	message[7] = 1;
	return n + sizeof record;
}

static void
serve(const struct store *s, const struct zone *z, int fd, struct batch *b)
{
	int n = batch_receive(b, fd);

	check(mdb_txn_renew(s->txn), "renew");
	for (int i = 0; i < n; i++)
		b->vector[i].iov_len =
			answer(s, z, b->buffer[i], b->message[i].msg_len);
	mdb_txn_reset(s->txn);
	batch_send(b, fd, n);
}

static void
answer_questions(const char *port, const char *path, const char *name)
{
	static struct batch batch = {.count = BATCH_MAX, .room = 100};
	int fd = udp_listen((unsigned)number_read(port));
	struct store s;
	struct zone z;

	store_open(&s, path, MDB_RDONLY);
	zone_find(&z, &s, name);
	mdb_txn_reset(s.txn);
	for (;;)
		serve(&s, &z, fd, &batch);
}

/* --- commits -------------------------------------------------------------- */

struct pair {
	MDB_val key, value;
};

static void *
copy(MDB_val v)
{
	void *to = malloc(v.mv_size > 0 ? v.mv_size : 1);

	if (to == NULL)
		die("floor: out of memory");
	return memcpy(to, v.mv_data, v.mv_size);
}

/* The whole table, since pages move under who writes. */
static struct pair *
table_read(const struct store *s, MDB_dbi table, size_t *count)
{
	struct pair *all, at;
	MDB_cursor *cursor;
	MDB_stat stat;

	check(mdb_stat(s->txn, table, &stat), "stat");
	all = malloc((stat.ms_entries + 1) * sizeof *all);
	if (all == NULL || stat.ms_entries == 0)
		die("floor: an empty table, or no memory");
	*count = 0;
	check(mdb_cursor_open(s->txn, table, &cursor), "cursor");
	while (mdb_cursor_get(cursor, &at.key, &at.value, MDB_NEXT) == 0) {
		at.key.mv_data = copy(at.key);
		at.value.mv_data = copy(at.value);
		all[(*count)++] = at;
	}
	mdb_cursor_close(cursor);
	return all;
}

static void
put(const struct store *s, MDB_dbi table, struct pair p)
{
	check(mdb_put(s->txn, table, &p.key, &p.value, 0), "put");
}

static void
journal_put(const struct store *s, const uint8_t *id, uint64_t number)
{
	static uint8_t entry[400]; /* octets of three RRs and who sent them */
	uint8_t key[ID + 8];

	memcpy(key, id, ID);
	for (int i = 0; i < 8; i++)
		key[ID + i] = (uint8_t)((number + 1000000) >> (56 - 8 * i));
	put(s, s->journal,
	    (struct pair){{sizeof key, key}, {sizeof entry, entry}});
}

static void
commit(const char *seconds, const char *path)
{
	static struct hist latency;
	uint64_t start, end, before, n = 0;
	size_t nodes, zones;
	struct pair *node, *zone;
	struct store s;

	store_open(&s, path, 0);
	node = table_read(&s, s.nodes, &nodes);
	zone = table_read(&s, s.zones, &zones);
	check(mdb_txn_commit(s.txn), "commit");
	start = clock_ns();
	end = start + (uint64_t)(number_read(seconds) * 1e9);
	while ((before = clock_ns()) < end) {
		check(mdb_txn_begin(s.env, NULL, 0, &s.txn), "txn");
		put(&s, s.nodes, node[0]);
		put(&s, s.nodes, node[(size_t)rand() % nodes]);
		put(&s, s.nodes, node[(size_t)rand() % nodes]);
		put(&s, s.zones, zone[0]);
		journal_put(&s, node[0].key.mv_data, n++);
		check(mdb_txn_commit(s.txn), "commit");
		hist_add(&latency, clock_ns() - before);
	}
	printf("ups=%.0f\tp50_us=%.1f\tp99_us=%.1f\n",
	       (double)n / ((double)(clock_ns() - start) / 1e9),
	       (double)hist_quantile(&latency, 0.5) / 1e3,
	       (double)hist_quantile(&latency, 0.99) / 1e3);
}

int
main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "udp") == 0)
		answer_questions(argv[2], argv[3], argv[4]);
	else if (argc == 4 && strcmp(argv[1], "commit") == 0)
		commit(argv[2], argv[3]);
	else
		die("floor: see the top of floor.c");
	return 0;
}
