/*
 * Random worlds for the leak hunt: spaces within spaces, reverse names, lists,
 * policies and edits, all from one number. The client is 198.51.100.1: inside
 * of some spaces of a world, mostly of none. 192.0.2.1 is inside of all.
 */
#ifndef PLACED_TESTS_LEAK_WORLD_H
#define PLACED_TESTS_LEAK_WORLD_H

#include "server/query.h"
#include "tests/unit/leak_model.h"

#define LEAK_ZONES 6
#define LEAK_OUTSIDER "198.51.100.1"
#define LEAK_INSIDER "192.0.2.1"
#define LEAK_NOW 1764000000

/* A server without sockets. */
struct leak_server {
	char dir[64];
	struct store *store;
	struct served *served;
	struct query_env env;
	struct stats stats;
	struct query query;
	struct memo *memo;
	bool is_trapped; /* recursion for an outsider fails the test */
	bool accepted;	 /* an update that nobody may make was taken */
};

struct leak_world {
	uint64_t seed;
	bool present[LEAK_ZONES]; /* configured and in the store */
	bool inside[LEAK_ZONES];  /* the client is */
	uint32_t metres[LEAK_ZONES];
};

/* Random numbers of the world that is being made or asked. */
void leak_seed(uint64_t seed);
unsigned leak_pick(unsigned below);

/* Parses what worlds are made of: once, first. */
void leak_pool_init(void);
const uint8_t *leak_apex(unsigned zone);

/* An owner that some world has, in that zone. */
const uint8_t *leak_owner(unsigned zone);

void leak_server_open(struct leak_server *s);
void leak_server_close(struct leak_server *s);

/* Serves these zones; inside[i] is the YAML of zone i's setting, NULL: it is
 * not configured. */
void leak_server_serve(struct leak_server *s, const char *const *inside);

/* Takes all zones out of the store. */
void leak_server_clear(struct leak_server *s);

/* Which spaces there are, and their first edits. */
void leak_world_begin(struct leak_world *w, struct leak_server *a,
		      uint64_t seed);
/* A few more. */
void leak_world_edit(struct leak_world *w, struct leak_server *a);

/* All of it, for people. */
void leak_world_print(const struct leak_world *w, struct leak_server *a);

#endif
