/*
 * A house with a control socket, and the words of a talk with it in plain
 * JSON: a real store, a real writer, a loop on a thread of its own. Of its
 * zones lounge.house is served, attic.house is not in the store yet, and
 * shed.house is no longer configured. It has an uplink that nobody asks, a
 * cache, and reach.example in reach by its configuration.
 */
#ifndef PLACED_TESTS_UNIT_CONTROL_WORDS_H
#define PLACED_TESTS_UNIT_CONTROL_WORDS_H

#include "resolver/cache.h"
#include "server/control.h"
#include "server/import_job.h"

#include <jansson.h>

#define LOUNGE                                      \
	"$TTL 300\n"                                \
	"@ SOA ns hostmaster 7 3600 600 86400 60\n" \
	"@ NS ns\n"                                 \
	"ns A 192.168.1.1\n"                        \
	"lamp A 192.168.1.20\n"                     \
	"light CNAME lamp\n"                        \
	"*.guest TXT \"hello\"\n"                   \
	"cellar NS ns.cellar\n"                     \
	"a.b A 192.168.1.9\n"

extern char house_dir[64], house_path[96]; /* of the house, of its socket */
extern unsigned house_stops; /* how often the server was told to stop */

extern struct cache *house_cache;
extern struct blocked *house_blocked;

void house_open(void);
void house_close(void);

/* A file in the house's folder. */
void house_write(const char *name, const char *text);

/* Takes the zone file's text into the zone, as a seed does. */
void house_seed(const char *zone, const char *text);

/* --- talk: all of these fail the test when the socket does not do its part */

int dial(void);
void say(int fd, const char *text);
void say_with(int fd, const char *text, int passed); /* a descriptor, too */

/* The next line of the answer, or NULL when the server has hung up. */
json_t *hear(int fd);

/* A whole answer: its objects, the last one with "ok". */
json_t *hear_all(int fd);

/* A conversation with one request. */
json_t *ask(const char *request);
json_t *ask_with(const char *request, int passed);
json_t *ask_ok(const char *request); /* the request succeeds */

/* The answer is no, and its sentence holds `why`. Takes the answer over. */
void refused(json_t *all, const char *why);

/* Parts of an answer, borrowed. */
const json_t *last(const json_t *all);
const char *text_of(const json_t *object, const char *name);
json_int_t number_of(const json_t *object, const char *name);

/* Lines whose member `name` holds `part`. */
size_t lines_with(const json_t *all, const char *name, const char *part);

#endif
