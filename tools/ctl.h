/*
 * placectl's ground: one table of commands (placectl.c), each run with its
 * operands and options already read, and the talk with the server
 * (ctl_talk.c). A command is one row and one function in a cmd_ file.
 */
#ifndef PLACED_TOOLS_CTL_H
#define PLACED_TOOLS_CTL_H

#include "lib/base.h"

#include <jansson.h>
#include <stdio.h>

enum ctl_exit {
	CTL_DONE = 0,
	CTL_REFUSED = 1, /* the reason is on stderr */
	CTL_USAGE = 2,
};

#define CTL_OPERANDS_MAX 256
#define CTL_OPTIONS_MAX 20

struct ctl_option {
	const char *name;  /* without the dashes; NULL ends the list */
	const char *value; /* what stands for its value; NULL: a flag */
	const char *help;
};

struct ctl;

struct ctl_command {
	const char *name;
	const char *operands; /* as the usage line shows them */
	unsigned least, most; /* operands */
	bool stream;	      /* answers with any number of values */
	enum ctl_exit (*run)(struct ctl *c);
	const char *line; /* what it does, in one line */
	const char *more; /* paragraphs below that line, or NULL */
	struct ctl_option options[CTL_OPTIONS_MAX + 1];
};

struct ctl {
	const char *conf;   /* -c, or the default */
	bool conf_given;    /* -c was given */
	const char *socket; /* -s, or NULL */
	bool json;
	const struct ctl_command *command;
	const char *operand[CTL_OPERANDS_MAX];
	unsigned operands;
	const char *option[CTL_OPTIONS_MAX]; /* by index in the row; a flag
						that is set is "" */
	int fd; /* of the conversation, -1: none yet */
};

/* The value of an option of the row, "" for a flag; NULL if it is not given. */
const char *ctl_option(const struct ctl *c, const char *name);

/* "placectl: …" on stderr; with --json {"ok":false,"error":…} on stdout, too.
 * Returns CTL_REFUSED. */
enum ctl_exit ctl_refuse(const struct ctl *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for what is wrong in a file: FILE:LINE:COLUMN stands first on the
 * line, where editors look for it. */
enum ctl_exit ctl_refuse_file(const struct ctl *c, const struct diag *d);

/* "placectl: …" and where help is, on stderr. Returns CTL_USAGE. */
enum ctl_exit ctl_misused(const struct ctl *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* An RFC 1035 name in an operand, absolute, in lower case (NAME_WIRE_MAX
 * octets), or the sentence why not and CTL_USAGE. */
enum ctl_exit ctl_name(const struct ctl *c, const char *text, uint8_t *name);

/*
 * Opens the conversation if it is not open. CTL_REFUSED with the reason on
 * stderr; with `absent`, a server that is not there is no reason but true in
 * *absent.
 */
enum ctl_exit ctl_connect(struct ctl *c, bool *absent);

/* An object of the answer, for people. */
typedef void ctl_show_fn(const struct ctl *c, const json_t *item);

/*
 * One request, which is taken over, and its answer. fd goes along unless it is
 * -1. For people, item shows each object and last the one that ends the
 * answer; with --json, they are printed as they came. Either may be NULL.
 */
enum ctl_exit ctl_call(struct ctl *c, json_t *request, int fd,
		       ctl_show_fn *item, ctl_show_fn *last);

/* {"command": the command's name}, to be filled in. */
json_t *ctl_request(const struct ctl *c);

/* A file's name as JSON: what is not UTF-8 in it becomes '?'. */
json_t *ctl_text(const char *text);

/* Members of an object, "" and 0 for those that are not there. */
const char *ctl_string(const json_t *object, const char *name);
long long ctl_number(const json_t *object, const char *name);

/* "2026-11-24 18:40:59", local time; returns dst. */
#define CTL_TIME_MAX 32
const char *ctl_time(char *dst, long long seconds);

enum ctl_exit cmd_status(struct ctl *c);
enum ctl_exit cmd_zones(struct ctl *c);
enum ctl_exit cmd_check(struct ctl *c);
enum ctl_exit cmd_import(struct ctl *c);
enum ctl_exit cmd_import_plan(struct ctl *c);
enum ctl_exit cmd_dump(struct ctl *c);
enum ctl_exit cmd_log(struct ctl *c);
enum ctl_exit cmd_explain(struct ctl *c);
enum ctl_exit cmd_export(struct ctl *c);
enum ctl_exit cmd_reach(struct ctl *c);
enum ctl_exit cmd_blocked(struct ctl *c);
enum ctl_exit cmd_flush(struct ctl *c);
enum ctl_exit cmd_near(struct ctl *c);
enum ctl_exit cmd_in(struct ctl *c);
enum ctl_exit cmd_here(struct ctl *c);
enum ctl_exit cmd_places(struct ctl *c);
enum ctl_exit cmd_drop(struct ctl *c);
enum ctl_exit cmd_backup(struct ctl *c);
enum ctl_exit cmd_reload(struct ctl *c);
enum ctl_exit cmd_stop(struct ctl *c);

#endif
