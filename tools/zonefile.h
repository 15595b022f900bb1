/*
 * A zone file read with our own rights: into a sorted, checked set, with
 * progress on stderr when that is a terminal.
 */
#ifndef PLACED_TOOLS_ZONEFILE_H
#define PLACED_TOOLS_ZONEFILE_H

#include "zones/import.h"

/* path "-" is standard input. s has been initialized. The sentence in d begins
 * with FILE:LINE. */
enum err zonefile_read(struct import_set *s, const char *path,
		       const struct edit_limits *limits, struct diag *d);

/*
 * The zone that the file at path seems to be for, into apex (NAME_WIRE_MAX
 * octets): the owner of its SOA, if an $ORIGIN before it says what that is,
 * else the file's name without a "db." in front or ".zone", ".db", ".txt" at
 * the end.
 */
enum err zonefile_zone(uint8_t *apex, const char *path, struct diag *d);

#endif
