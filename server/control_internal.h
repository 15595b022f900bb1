/*
 * What the files of the control socket share. A request is read by a
 * conversation, checked against the row of its command, and run:
 *
 *   control.c           socket, accept, threads
 *   control_talk.c      a conversation: lines and descriptors in, lines out
 *   control_commands.c  the table of commands, arguments checked against it
 *   control_spool.c     an answer in the making
 *   control_json.c      values from names, RRs and other people's text
 *   control_*.c         the commands, by group
 *
 * Commands write into a spool, not to the socket: by the time octets go out,
 * the command has ended and holds no snapshot, so that a client that reads
 * slowly keeps no page of the store from being used again.
 */
#ifndef PLACED_SERVER_CONTROL_INTERNAL_H
#define PLACED_SERVER_CONTROL_INTERNAL_H

#include "lib/name.h"
#include "lib/rr.h"
#include "server/control.h"

#include <jansson.h>

#define CONTROL_LINE_MAX 65536	   /* octets of a request */
#define CONTROL_SPOOL_MEMORY 65536 /* octets of an answer kept in memory */
#define CONTROL_TIMEOUT 30	   /* seconds a peer may keep us waiting */

/* --- spool --------------------------------------------------------------- */

struct control_spool {
	char *memory; /* CONTROL_SPOOL_MEMORY octets */
	size_t used;
	int file; /* -1 until memory has overflowed */
	uint64_t file_len;
	bool in_memory; /* the file is a memfd */
};

bool control_spool_init(struct control_spool *s);
void control_spool_free(struct control_spool *s);

/* dir: where a file without a name is made when memory overflows. When its
 * disk is full the spool moves to memory. ERR_IO. */
enum err control_spool_add(struct control_spool *s, const char *dir,
			   const void *octets, size_t len);

/* Sends all of it and forgets it. False: the peer is gone or too slow. */
bool control_spool_send(struct control_spool *s, int fd);

/* --- conversation -------------------------------------------------------- */

struct control_talk {
	const struct control_server *server;
	struct served *served;	 /* as it was when the request came */
	struct store_view *view; /* NULL until a command reads */
	int fd;
	int passed; /* descriptor that came with the request, or -1 */
	bool stop;  /* once the answer is out, the server is to stop */
	char *in;   /* CONTROL_LINE_MAX octets */
	size_t in_len;
	struct control_spool out;
};

/* Until the peer hangs up, keeps us waiting too long, or breaks the protocol.
 * Does not close fd. */
void control_talk_run(const struct control_server *server, int fd);

/* A whole answer that says no, to somebody who is not let in. Never blocks. */
void control_talk_refuse(int fd, const char *why);

/* One object of the answer; taken over. NULL, from a constructor that failed,
 * is ERR_NOMEM. */
enum err control_item(struct control_talk *t, json_t *item, struct diag *d);

/* A snapshot, to be ended before the command returns. */
enum err control_view_begin(struct control_talk *t, struct diag *d);
void control_view_end(struct control_talk *t);

/* --- values -------------------------------------------------------------- */

/* A string of text from anywhere: what is not printable or not UTF-8 becomes
 * '?'. */
json_t *control_json_text(const char *text);
json_t *control_json_name(const uint8_t *name);
json_t *control_json_rr(const struct rr *rr);
json_t *control_json_type(uint16_t type);

/* --- commands ------------------------------------------------------------ */

enum control_kind {
	CONTROL_TEXT,
	CONTROL_FLAG,
	CONTROL_COUNT, /* a number from 1 */
};

struct control_arg {
	const char *name; /* NULL ends the list */
	enum control_kind kind;
	bool optional;
};

#define CONTROL_ARGS_MAX 5

/*
 * ERR_OK: {"ok":true} and what was put into result is the answer's last line.
 * Else d's sentence is the error.
 */
typedef enum err control_fn(struct control_talk *t, const json_t *args,
			    json_t *result, struct diag *d);

struct control_command {
	const char *name;
	control_fn *run;
	struct control_arg args[CONTROL_ARGS_MAX + 1];
};

/* One request, one whole answer in the spool. False: not even that. */
bool control_commands_run(struct control_talk *t, const char *line, size_t len);

/* Arguments, which are of the kind that the row says. */
const char *control_arg_text(const json_t *args, const char *name);
bool control_arg_flag(const json_t *args, const char *name);
/* absent: what stands for an argument that is not given. */
uint64_t control_arg_count(const json_t *args, const char *name,
			   uint64_t absent);
/* The name in lower case; dst has NAME_WIRE_MAX octets. */
enum err control_arg_name(const json_t *args, const char *name, uint8_t *dst,
			  struct diag *d);

/* status, zones */
control_fn control_status;
control_fn control_zones;
/* a zone's content */
control_fn control_dump;
control_fn control_log;
control_fn control_refused;
control_fn control_drop;
control_fn control_import;
control_fn control_explain;
/* the boundary */
control_fn control_export_list;
control_fn control_export_add;
control_fn control_export_del;
control_fn control_reach_list;
control_fn control_reach_add;
control_fn control_reach_del;
/* the uplink */
control_fn control_blocked;
control_fn control_flush;
/* space */
control_fn control_space;
control_fn control_places;
/* upkeep */
control_fn control_backup;
control_fn control_reload;
control_fn control_shutdown;

#endif
