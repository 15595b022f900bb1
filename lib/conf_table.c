#include "lib/conf_internal.h"

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#define FIELD(s, f) .offset = offsetof(struct s, f)
#define LIST(s, f, n) \
	.offset = offsetof(struct s, f), .count_offset = offsetof(struct s, n)

/* A row's order matters: conf_internal.h. */
static const struct conf_setting key_rows[] = {
	{
		.key = "name",
		.kind = &conf_kind_key_name,
		FIELD(tsig_key, name),
		.required = true,
		.prose = "What the key is called. Client and server must use "
			 "the same name; it also says what\n.B self\ncovers "
			 "in an update rule.",
	},
	{
		.key = "algorithm",
		.kind = &conf_kind_algorithm,
		FIELD(tsig_key, algorithm),
		.fallback = "hmac-sha256",
		.prose = "How messages are signed with it (RFC 8945).",
	},
	{
		.key = "secret",
		.kind = &conf_kind_secret,
		.prose = "The shared secret itself. Whoever can read the "
			 "configuration can then sign.",
	},
	{
		.key = "secret-file",
		.kind = &conf_kind_secret_file,
		.prose = "A file that holds the secret, in base64 or as\n.B "
			 "tsig-keygen\nwrites it. A warning is logged if "
			 "everybody may read it. Each key takes either\n.B "
			 "secret\nor\n.BR secret-file .",
	},
};

static const struct conf_table key_table = {
	.heading = "keys",
	.prose = "Keys that sign messages (TSIG). An entry has",
	.rows = key_rows,
	.count = ARRAY_LEN(key_rows),
	.finish = conf_finish_key,
};

static const struct conf_setting rule_rows[] = {
	{
		.key = "key",
		.kind = &conf_kind_rule_key,
		FIELD(conf_rule, key),
		.required = true,
		.prose = "The key that an update must be signed with. It must "
			 "be declared under\n.BR keys .",
	},
	{
		.key = "names",
		.kind = &conf_kind_patterns,
		LIST(conf_rule, names, name_count),
		.min = 1,
		.max = 10000,
		.required = true,
		.prose = "Which names it may change:\n.B \\(dqlamp\\(dq\nis "
			 "this name,\n.B \\(dq@\\(dq\nthe zone's own,\n.B "
			 "\\(dq*.room\\(dq\nevery name below this one,\n.B "
			 "\\(dq*\\(dq\nevery name below the zone's,\n.B "
			 "self\nthe name that the key is called by and those "
			 "below it. Names without a final dot are completed "
			 "by the zone's. No pattern with a * and no\n.B "
			 "self\nreaches the zone's own name,\n.BR _export ,\n"
			 ".BR _reach ,\n.B _cover\nor what is below these: "
			 "such names must be spelt out. Write a name that "
			 "starts with * or @ between quotes.",
	},
	{
		.key = "types",
		.kind = &conf_kind_types,
		LIST(conf_rule, types, type_count),
		.min = 1,
		.max = 65535,
		.required = true,
		.prose = "Which types of record it may change.\n.B ANY\nstands "
			 "for all that can be stored.",
	},
};

static const struct conf_table rule_table = {
	.heading = "update",
	.prose = "Who may change the zone with DNS UPDATE (RFC 2136). What no "
		 "rule allows is refused. An entry has",
	.rows = rule_rows,
	.count = ARRAY_LEN(rule_rows),
	.finish = conf_finish_rule,
};

static const struct conf_setting zone_rows[] = {
	{
		.key = "name",
		.kind = &conf_kind_apex,
		FIELD(conf_zone, apex),
		.required = true,
		.prose = "The zone's name.",
	},
	{
		.key = "file",
		.kind = &conf_kind_path,
		FIELD(conf_zone, file),
		.min = 1,
		.max = 4095,
		.prose = "A zone file that seeds the zone once, when the store "
			 "does not have it yet. Later changes to the file are "
			 "taken by\n.B placectl import\nalone. A zone without "
			 "one begins with SOA and NS, to be filled by updates.",
	},
	{
		.key = "inside",
		.kind = &conf_kind_inside,
		LIST(conf_zone, inside, inside_count),
		.fallback = "127.0.0.0/8, ::1",
		.max = 10000,
		.prose = "Whose questions come from inside: prefixes, single "
			 "addresses, interfaces, and keys.\n.IP\nAn interface "
			 "must be there when the file is read, and stands for "
			 "the prefixes it has from then on: they are looked up "
			 "again every 30 seconds, so that a new address (DHCP, "
			 "a router advertisement) needs no reload; while it "
			 "has none, nobody is inside by it. Link-local "
			 "addresses count as its own only if they came in by "
			 "it.\n.IP\nThe name of a key ends in a dot "
			 "\n.RB ( room\\-key. );\nwhoever signs a question "
			 "with it is inside from wherever it comes.",
	},
	{
		.key = "loc-outside",
		.kind = &conf_kind_metres,
		FIELD(conf_zone, loc_outside),
		.fallback = "0",
		.max = 1000000,
		.prose = "What the position (LOC) of an exported name is "
			 "rounded to for those outside; 0 shows it as it is. "
			 "Where it is rounded, footprints are not shown.",
	},
	{
		.key = "update",
		.kind = &conf_kind_rules,
		LIST(conf_zone, rules, rule_count),
		.table = &rule_table,
		.prose = "Who may change what.",
	},
};

static const struct conf_table zone_table = {
	.heading = "zones",
	.prose = "What is served. An entry has",
	.rows = zone_rows,
	.count = ARRAY_LEN(zone_rows),
	.finish = conf_finish_zone,
};

/* In this order: who asks for roots is told about them before anything that is
 * missing without them (conf_finish_uplink). */
static const struct conf_setting uplink_rows[] = {
	{
		.key = "forward",
		.kind = &conf_kind_forwarders,
		LIST(conf_uplink, forward, forward_count),
		.max = 16,
		.prose = "Servers that answer for the world: a parent space's, "
			 "the router's, a public one.\n.B ADDRESS\nis asked "
			 "over UDP and TCP at port 53,\n.B ADDRESS@PORT\nat "
			 "another,\n.B ADDRESS#NAME\nover TLS (RFC 7858) at "
			 "port 853, and must show a certificate for this name. "
			 "Without any, no question leaves.",
	},
	{
		.key = "roots",
		.kind = &conf_kind_roots,
		.fallback = "no",
		.prose = "Reserved: to ask the servers of the root and those "
			 "they refer to.\n.B yes\nis not there yet.",
	},
	{
		.key = "reach",
		.kind = &conf_kind_names,
		LIST(conf_uplink, reach.names, reach.count),
		.max = 10000,
		.prose = "Foreign names that whoever is inside of any zone may "
			 "resolve, each with all names below it;\n.B .\nis "
			 "every name. What a single zone has in reach stands "
			 "in its own records\n.RB ( _reach ).",
	},
	{
		.key = "private",
		.kind = &conf_kind_names,
		LIST(conf_uplink, private.names, private.count),
		.fallback = "home.arpa",
		.max = 10000,
		.prose = "Names at or below which answers from the uplink may "
			 "hold private addresses. Elsewhere such addresses are "
			 "left out, and an alias is not followed to a name "
			 "here, so that no foreign name can be made to point "
			 "at a device here.",
	},
	{
		.key = "ca-file",
		.kind = &conf_kind_path,
		FIELD(conf_uplink, ca_file),
		.min = 1,
		.max = 4095,
		.fallback_prose = "the system's",
		.prose = "Certificates (PEM) that those of forwarders over TLS "
			 "must lead to. Needs a restart.",
	},
	{
		.key = "case-random",
		.kind = &conf_kind_flag,
		FIELD(conf_uplink, case_random),
		.fallback = "yes",
		.prose = "Ask with letters of random case, which a forged "
			 "answer must repeat. For a forwarder that does not "
			 "give the question back as it came, say\n.BR no .",
	},
	{
		.key = "cache-limit",
		.kind = &conf_kind_size,
		FIELD(conf_uplink, cache_limit),
		.fallback = "64M",
		.max = 60 * GIB,
		.prose = "How large the file of foreign answers may become, at "
			 "least 1M; 0 keeps none. Needs a restart.",
	},
	{
		.key = "ttl-min",
		.kind = &conf_kind_seconds,
		FIELD(conf_uplink, ttl_min),
		.fallback = "0",
		.max = 86400,
		.prose =
			"Foreign answers are kept at least that long, whatever "
			"they say.",
	},
	{
		.key = "ttl-max",
		.kind = &conf_kind_seconds,
		FIELD(conf_uplink, ttl_max),
		.fallback = "1d",
		.min = 1,
		.max = 604800,
		.prose = "And at most that long.",
	},
	{
		.key = "negative-max",
		.kind = &conf_kind_seconds,
		FIELD(conf_uplink, negative_max),
		.fallback = "1h",
		.max = 86400,
		.prose = "The same for answers that there is no such name or "
			 "type (RFC 2308).",
	},
	{
		.key = "stale-max",
		.kind = &conf_kind_seconds,
		FIELD(conf_uplink, stale_max),
		.fallback = "1d",
		.max = 2592000,
		.prose =
			"For how long beyond its time an answer is still given "
			"when the uplink fails (RFC 8767); 0 never does.",
	},
	{
		.key = "waiting-per-client",
		.kind = &conf_kind_count,
		FIELD(conf_uplink, waiting_per_client),
		.fallback = "64",
		.min = 1,
		.max = 4096,
		.prose = "Questions of one client that may wait for the uplink "
			 "at once (for IPv6, of one /64), for each worker.",
	},
};

static const struct conf_table uplink_table = {
	.heading = "uplink",
	.prose = "Where questions go that may leave. Those outside are never "
		 "answered from there, and names that are served here or kept "
		 "for special use (RFC 6761) are not asked for. It has",
	.rows = uplink_rows,
	.count = ARRAY_LEN(uplink_rows),
	.finish = conf_finish_uplink,
};

static const struct conf_setting space_rows[] = {
	{
		.key = "k",
		.kind = &conf_kind_count,
		FIELD(conf_space, k),
		.fallback = "10",
		.min = 1,
		.max = 4000,
		.prose = "How many places\n.B _near\ngives where the question "
			 "says neither a number nor a radius.",
	},
	{
		.key = "k-max",
		.kind = &conf_kind_count,
		FIELD(conf_space, k_max),
		.fallback = "1000",
		.min = 1,
		.max = 4000,
		.prose = "The largest number that is granted; a larger one is "
			 "taken as this.",
	},
	{
		.key = "radius-max",
		.kind = &conf_kind_metres,
		FIELD(conf_space, radius_max),
		.fallback = "100km",
		.min = 1,
		.max = 20100000,
		.prose = "The largest radius, likewise.",
	},
	{
		.key = "hits-max",
		.kind = &conf_kind_count,
		FIELD(conf_space, hits_max),
		.fallback = "1000",
		.min = 1,
		.max = 4000,
		.prose = "How many places one answer may name. What is left "
			 "out is told (EDE).",
	},
	{
		.key = "scan-max",
		.kind = &conf_kind_count,
		FIELD(conf_space, scan_max),
		.fallback = "20000",
		.min = 100,
		.max = 10000000,
		.prose = "How many entries of the store one question may look "
			 "at. One that needs more gets what was found till "
			 "then, and is told so.",
	},
	{
		.key = "ttl",
		.kind = &conf_kind_seconds,
		FIELD(conf_space, ttl),
		.fallback = "5",
		.max = 86400,
		.prose = "How long an answer, also that there is nothing, may "
			 "be kept by others: things move. Never longer than "
			 "the positions (LOC) of what it names.",
	},
	{
		.key = "gather",
		.kind = &conf_kind_duration,
		FIELD(conf_space, gather_ms),
		.fallback = "300ms",
		.min = 10,
		.max = 10000,
		.prose = "How long delegated children elsewhere have to answer "
			 "when the inside asks recursively. For those that "
			 "are late the answer says where to go on.",
	},
};

static const struct conf_table space_table = {
	.heading = "space",
	.prose = "Questions about space, names such as\n.BR "
		 "52.201986n.0.113136e.10m._near.house.home.arpa ;\n.BR placed "
		 "(8)\nhas their grammar. It has",
	.rows = space_rows,
	.count = ARRAY_LEN(space_rows),
};

static const struct conf_setting rows[] = {
	{
		.key = "listen",
		.kind = &conf_kind_addresses,
		LIST(conf, listen, listen_count),
		.fallback = "127.0.0.1@53, ::1@53",
		.min = 1,
		.max = 256,
		.prose = "Where questions are taken, over UDP and TCP. "
			 "Port 53 unless given. Needs a restart.",
	},
	{
		.key = "store",
		.kind = &conf_kind_path,
		FIELD(conf, store),
		.fallback = "/var/lib/placed",
		.min = 1,
		.max = 4095,
		.prose = "The directory of the store, on a local disk (not "
			 "NFS). It must be writable for\n.BR user .\nNeeds a "
			 "restart.",
	},
	{
		.key = "store-limit",
		.kind = &conf_kind_size,
		FIELD(conf, store_limit),
		.fallback = "32G",
		.min = MIB,
		.max = 60 * GIB,
		.prose = "How large the store may become. Beyond it updates "
			 "get SERVFAIL and questions are answered as ever. "
			 "Needs a restart.",
	},
	{
		.key = "journal-limit",
		.kind = &conf_kind_size,
		FIELD(conf, journal_limit),
		.fallback = "1M",
		.min = 4 * KIB,
		.max = 4 * GIB,
		.prose = "How much of each zone's history is kept. The oldest "
			 "goes first.",
	},
	{
		.key = "workers",
		.kind = &conf_kind_count,
		FIELD(conf, workers),
		.fallback_prose = "the number of CPUs",
		.min = 1,
		.max = 64,
		.prose = "Threads that answer. Needs a restart.",
	},
	{
		.key = "memo",
		.kind = &conf_kind_size,
		FIELD(conf, memo),
		.fallback = "7M",
		.min = 0,
		.max = 4 * GIB,
		.prose = "Memory in which each worker keeps answers it has "
			 "given, until the zone they came from changes; 0 "
			 "keeps none. Needs a restart.",
	},
	{
		.key = "user",
		.kind = &conf_kind_text,
		FIELD(conf, user),
		.min = 1,
		.max = 255,
		.fallback_prose = "stay who we are",
		.prose = "Whom to become once the ports are bound. Must be "
			 "root to begin with. The store, the zone files and, "
			 "at a reload, the configuration and its secrets are "
			 "read as this user. Needs a restart.",
	},
	{
		.key = "control",
		.kind = &conf_kind_path,
		FIELD(conf, control),
		.min = 1,
		.max = 107,
		.fallback_prose = "control in the directory of the store",
		.prose = "The socket that\n.BR placectl (8)\ntalks to. Needs "
			 "a restart.",
	},
	{
		.key = "control-mode",
		.kind = &conf_kind_mode,
		FIELD(conf, control_mode),
		.fallback = "0660",
		.max = 0777,
		.prose = "Who may use it: whoever may write to it. Needs a "
			 "restart.",
	},
	{
		.key = "udp-payload",
		.kind = &conf_kind_count16,
		FIELD(conf, udp_payload),
		.fallback = "1232",
		.min = 512,
		.max = 4096,
		.prose = "The largest UDP answer, in octets. Larger ones are "
			 "truncated, and the client comes again over TCP.",
	},
	{
		.key = "tcp-idle",
		.kind = &conf_kind_duration,
		FIELD(conf, tcp_idle_ms),
		.fallback = "10s",
		.min = 100,
		.max = 3600000,
		.prose = "A TCP connection without a complete message for so "
			 "long is closed. Needs a restart.",
	},
	{
		.key = "tcp-connections",
		.kind = &conf_kind_count,
		FIELD(conf, tcp_connections),
		.fallback = "1024",
		.min = 1,
		.max = 65535,
		.prose = "TCP connections at a time, for each address "
			 "listened on and each worker. Needs a restart.",
	},
	{
		.key = "tcp-per-address",
		.kind = &conf_kind_count,
		FIELD(conf, tcp_per_address),
		.fallback = "64",
		.min = 1,
		.max = 65535,
		.prose = "The same for one client (for IPv6, one /64). Needs a "
			 "restart.",
	},
	{
		.key = "tcp-pipeline",
		.kind = &conf_kind_count,
		FIELD(conf, tcp_pipeline),
		.fallback = "64",
		.min = 1,
		.max = 4096,
		.prose = "Answers that may be owed to one connection before "
			 "we stop reading it. Needs a restart.",
	},
	{
		.key = "version",
		.kind = &conf_kind_text,
		FIELD(conf, version),
		.min = 1,
		.max = 255,
		.fallback_prose = "such questions are refused",
		.prose = "The answer to\n.BR \"version.bind TXT CH\" .",
	},
	{
		.key = "identity",
		.kind = &conf_kind_text,
		FIELD(conf, identity),
		.min = 1,
		.max = 255,
		.fallback_prose = "such questions are refused",
		.prose = "The answer to\n.BR \"id.server TXT CH\" .",
	},
	{
		.key = "nsid",
		.kind = &conf_kind_octets,
		LIST(conf, nsid, nsid_len),
		.min = 1,
		.max = 128,
		.fallback_prose = "none is sent",
		.prose = "What clients get that ask which server this is (RFC "
			 "5001).",
	},
	{
		.key = "rrset-limit",
		.kind = &conf_kind_count,
		FIELD(conf, rrset_limit),
		.fallback = "2000",
		.min = 1,
		.max = 65535,
		.prose = "Records that a name may have of one type.",
	},
	{
		.key = "types-limit",
		.kind = &conf_kind_count,
		FIELD(conf, types_limit),
		.fallback = "100",
		.min = 4,
		.max = 65535,
		.prose = "Types that a name may have records of.",
	},
	{
		.key = "log",
		.kind = &conf_kind_level,
		FIELD(conf, log_level),
		.fallback = "notice",
		.prose = "The least urgent lines that are logged.",
	},
	{
		.key = "keys",
		.kind = &conf_kind_keys,
		LIST(conf, keys.keys, keys.count),
		.table = &key_table,
		.prose = "Keys that sign messages.",
	},
	{
		.key = "zones",
		.kind = &conf_kind_zones,
		LIST(conf, zones, zone_count),
		.table = &zone_table,
		.prose = "What is served.",
	},
	{
		.key = "uplink",
		.kind = &conf_kind_settings,
		FIELD(conf, uplink),
		.fallback_prose = "no question leaves",
		.table = &uplink_table,
		.prose = "Where questions go that may leave.",
	},
	{
		.key = "space",
		.kind = &conf_kind_settings,
		FIELD(conf, space),
		.fallback_prose = "as below",
		.table = &space_table,
		.prose = "What questions about space may cost.",
	},
};

const struct conf_table conf_table = {
	.heading = "the file",
	.rows = rows,
	.count = ARRAY_LEN(rows),
	.finish = conf_finish_top,
};
