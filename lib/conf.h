/*
 * The configuration: one YAML file (libyaml) against one table of settings
 * (conf_table.c). Each row has key, type, range, default and a line of prose;
 * the table reads the file, prints the manual page (placed -x conf), and is
 * the only place where a setting is declared. An unknown key, a value out of
 * range, a key given twice is an error with file, line, column, and the
 * nearest known name where there is one. A struct conf is built as a whole or
 * not at all, and never changes afterwards.
 */
#ifndef PLACED_LIB_CONF_H
#define PLACED_LIB_CONF_H

#include "lib/base.h"
#include "lib/name.h"
#include "lib/net_addr.h"
#include "lib/tsig.h"

#include <stdio.h>

/* Which names an update rule covers (DESIGN: *, subtree and self never cover
 * the apex, _export, _reach and _cover or anything below these; a rule must
 * name those). Relative names are completed by the zone's. */
enum conf_match {
	CONF_MATCH_BELOW_APEX, /* "*": every name below the apex */
	CONF_MATCH_SUBTREE,    /* "*.room": every name below room */
	CONF_MATCH_EXACT,      /* "lamp", "@" */
	CONF_MATCH_SELF, /* "self": the name that the key is called by, and what
			    is below it */
};

struct conf_pattern {
	enum conf_match match;
	uint8_t name[NAME_WIRE_MAX]; /* lower case; SUBTREE and EXACT */
};

struct conf_rule {
	uint8_t key[NAME_WIRE_MAX]; /* lower case; declared under keys */
	struct conf_pattern *names;
	size_t name_count;
	uint16_t *types; /* sorted; any_type: every type that can be stored */
	size_t type_count;
	bool any_type;
	unsigned line; /* in the file, to be named in a refusal */
};

struct conf_zone {
	uint8_t apex[NAME_WIRE_MAX]; /* lower case */
	char *file;		     /* zone file, made absolute; NULL: none */
	struct net_prefix *inside;
	size_t inside_count;
	uint16_t *inside_interfaces; /* indices in conf.interfaces, each once */
	size_t inside_interface_count;
	uint8_t (*inside_keys)[NAME_WIRE_MAX]; /* lower case; declared under
						  keys: who signs with one */
	size_t inside_key_count;
	uint32_t loc_outside; /* metres that an exported LOC is rounded to */
	struct conf_rule *rules;
	size_t rule_count;
	unsigned line;
};

/* Where a question that may leave goes. */
struct conf_forwarder {
	struct net_addr addr; /* default port 53, with TLS 853 */
	char *tls_name;	      /* DNS over TLS with this name verified; NULL:
				 UDP and TCP */
};

struct conf_names {
	uint8_t (*names)[NAME_WIRE_MAX]; /* lower case */
	size_t count;
};

struct conf_uplink {
	struct conf_forwarder *forward;
	size_t forward_count;	   /* 0: no uplink */
	struct conf_names reach;   /* beside the zones' _reach; may be "." */
	struct conf_names private; /* answers at or below may hold private
				      addresses; home.arpa if not given */
	char *ca_file;		   /* PEM; NULL: the system's */
	bool case_random;	   /* 0x20 */
	uint64_t cache_limit;	   /* octets of cache.mdb; 0: no cache */
	uint32_t ttl_min, ttl_max, negative_max; /* seconds */
	uint32_t stale_max; /* seconds beyond the TTL; 0: never stale */
	unsigned waiting_per_client; /* questions that may wait at once */
};

/* What questions about space may cost, and how long their answers hold. */
struct conf_space {
	unsigned k;	     /* hits of _near without number and radius */
	unsigned k_max;	     /* of a number that was asked for */
	uint32_t radius_max; /* metres */
	unsigned hits_max;   /* of any question */
	unsigned scan_max;   /* entries of the store looked at */
	uint32_t ttl;	     /* seconds */
	unsigned gather_ms;  /* that delegated children have to answer */
};

struct conf {
	char *path; /* of the file */
	struct net_addr *listen;
	size_t listen_count;
	char *store;		/* directory, absolute */
	uint64_t store_limit;	/* octets */
	uint64_t journal_limit; /* octets a zone */
	uint64_t memo;		/* octets a worker; 0: none */
	unsigned workers;
	char *user;    /* NULL: stay who we are */
	char *control; /* path of the unix socket, absolute */
	unsigned control_mode;
	uint16_t udp_payload; /* 512 to 4096, default 1232 */
	unsigned tcp_idle_ms, tcp_connections, tcp_per_address, tcp_pipeline;
	char *version;	/* TXT CH version.bind; NULL: REFUSED */
	char *identity; /* TXT CH id.server; NULL: REFUSED */
	uint8_t *nsid;	/* NULL: none */
	size_t nsid_len;
	unsigned rrset_limit; /* RRs an RRset may have */
	unsigned types_limit; /* RRsets a name may have */
	int log_level;	      /* enum log_level */
	struct tsig_keyring keys;
	struct conf_uplink uplink;
	struct conf_space space;
	struct conf_zone *zones; /* sorted by name_cmp of the apex */
	size_t zone_count;
	/* Named by any `inside`: they were there when the file was read. What
	 * prefixes they have is looked up by who serves (server/served.h). */
	char **interfaces;
	size_t interface_count;
};

/* Reads and checks; NULL with one sentence in d: FILE:LINE:COLUMN: what is
 * wrong, what would be right. */
struct conf *conf_read(const char *path, struct diag *d);

/* The same from a text; name stands for the file in messages, and its folder is
 * where relative paths start (no folder: the current directory). */
struct conf *conf_read_string(const char *text, const char *name,
			      struct diag *d);
void conf_free(struct conf *c); /* NULL is fine; secrets are wiped */

/* The zone with exactly this apex, or NULL. */
const struct conf_zone *conf_zone_find(const struct conf *c,
				       const uint8_t *apex);

/* The table as a manual page, placed.yaml(5), in man(7) markup. */
void conf_print_manual(FILE *out);

#endif
