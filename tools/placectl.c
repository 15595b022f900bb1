/*
 * placectl: what an operator says to placed. Options, the table of commands,
 * help; the commands are in cmd_*.c.
 */
#include "tools/ctl.h"

#include "lib/log.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef PLACED_CONF
#define PLACED_CONF "/etc/placed/placed.yaml"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

static const struct ctl_command commands[] = {
	{
		.name = "status",
		.operands = "",
		.run = cmd_status,
		.line = "the server: zones, store, counters, uptime",
	},
	{
		.name = "zones",
		.operands = "",
		.stream = true,
		.run = cmd_zones,
		.line = "the zones, with serials and sizes",
		.more = "State: served; unready (configured, but not in the "
			"store: it is being\nseeded, or its file could not be "
			"taken); kept (in the store, but no\nlonger in the "
			"configuration: drop erases it).\n",
	},
	{
		.name = "check",
		.operands = "FILE [ZONE]",
		.least = 1,
		.most = 2,
		.run = cmd_check,
		.line = "check a zone file as import would; needs no server",
		.more = "Silent if the file is sound, else FILE:LINE:COLUMN "
			"and what is wrong.\nWithout ZONE the zone is the "
			"owner of the SOA if an $ORIGIN before it\nsays what "
			"that is, else the file's name without .zone or db.\n"
			"FILE - is standard input.\n",
	},
	{
		.name = "import",
		.operands = "ZONE FILE",
		.least = 2,
		.most = 2,
		.stream = true,
		.run = cmd_import,
		.line = "take a zone file into a zone",
		.more = "Shows the difference between the zone and the file "
			"as lines of - and +,\nand makes it in one step "
			"(thousands of records are only counted).\nWhat was "
			"registered by update stays; where the file "
			"contradicts it the\nimport is refused. FILE - is "
			"standard input.\n",
		.options = {{"dry-run", NULL, "only show the difference"},
			    {"replace", NULL,
			     "the file is all there is: what was registered "
			     "goes"}},
	},
	{
		.name = "import-plan",
		.operands = "FORMAT FILE…",
		.least = 2,
		.most = CTL_OPERANDS_MAX,
		.run = cmd_import_plan,
		.line = "a building plan as a zone file on standard output",
		.more = "FORMAT is geojson (a file a floor, or one for all), "
			"osm (Simple Indoor\nTagging, as OSM XML or GeoJSON), "
			"imdf (a folder or .zip) or brick (Turtle,\nwith "
			"geometry in further files or without). Needs no "
			"server. What is left\nout, and why, is told on "
			"standard error (with --json as one object).\n"
			"PROPs are lists, the first one that a feature has "
			"counts.\n",
		.options = {{"origin", "ZONE",
			     "the zone that the file is for; always needed"},
			    {"altitude", "M", "of level 0, in metres (0)"},
			    {"floor-height", "M",
			     "from a level to the next (3)"},
			    {"level", "N", "of rooms for which none is known"},
			    {"by-level", NULL,
			     "names below a name for their floor: "
			     "rm-12.level-1"},
			    {"prefer", "name|ref",
			     "what a room with both is called by (ref)"},
			    {"building", "NAME", "what the building is called"},
			    {"language", "CODE", "of names in several"},
			    {"ns", "NAME", "the zone's nameserver"},
			    {"name-prop", "PROP", "geojson: where names are"},
			    {"ref-prop", "PROP", "geojson: where numbers are"},
			    {"level-prop", "PROP", "geojson: where levels are"},
			    {"type-prop", "PROP", "geojson: what a feature is"},
			    {"height-prop", "PROP", "geojson: heights, metres"},
			    {"room-filter", "K=V,…",
			     "only these outlines are rooms; V may be *"}},
	},
	{
		.name = "dump",
		.operands = "ZONE",
		.least = 1,
		.most = 1,
		.stream = true,
		.run = cmd_dump,
		.line = "the zone as a zone file",
		.more = "All of it as it was at one moment; import takes it "
			"back without a\ndifference.\n",
	},
	{
		.name = "log",
		.operands = "[ZONE]",
		.least = 0,
		.most = 1,
		.stream = true,
		.run = cmd_log,
		.line = "what changed in a zone, when, and by whom",
		.more = "The oldest change first, as far back as the journal "
			"(journal-limit)\nreaches. Without ZONE, --refused: "
			"the updates that were refused since the\nserver "
			"started, and why.\n",
		.options = {{"last", "N", "only the last N"},
			    {"refused", NULL, "updates that were refused"}},
	},
	{
		.name = "explain",
		.operands = "NAME TYPE",
		.least = 2,
		.most = 2,
		.run = cmd_explain,
		.line = "why a question gets the answer it gets",
		.more = "Zone, step by step; where each record came from; "
			"which keys may change\nthe name.\n",
		.options = {{"from", "ADDR", "as that address would see it"}},
	},
	{
		.name = "near",
		.operands = "PLACE LAT LON",
		.least = 3,
		.most = 3,
		.stream = true,
		.run = cmd_near,
		.line = "what is near a position, the nearest first",
		.more = "Among what is named at or below PLACE, a zone or any "
			"name in one. LAT and\nLON are decimal degrees: "
			"52.2053 -0.1131, or 52.2053n 0.1131w.\n",
		.options = {{"radius", "M", "within so many metres"},
			    {"k", "N", "so many"},
			    {"level", "N", "on that level"},
			    {"service", "NAME",
			     "instances of that, as _ipp._tcp"}},
	},
	{
		.name = "in",
		.operands = "PLACE LAT LON",
		.least = 3,
		.most = 3,
		.stream = true,
		.run = cmd_in,
		.line = "which rooms a position is in, the innermost first",
		.options = {{"level", "N", "on that level"},
			    {"service", "NAME",
			     "instances of that in the innermost"}},
	},
	{
		.name = "here",
		.operands = "PLACE",
		.least = 1,
		.most = 1,
		.stream = true,
		.run = cmd_here,
		.line = "what is named below a place, or stands in it",
		.options = {{"service", "NAME", "instances of that alone"}},
	},
	{
		.name = "places",
		.operands = "ZONE",
		.least = 1,
		.most = 1,
		.stream = true,
		.run = cmd_places,
		.line = "the positions and footprints of a zone",
		.options = {{"geojson", NULL,
			     "as GeoJSON, for any map program"}},
	},
	{
		.name = "export",
		.operands = "list|add|del …",
		.least = 1,
		.most = CTL_OPERANDS_MAX,
		.stream = true,
		.run = cmd_export,
		.line = "what the outside may see",
		.more = "export list [ZONE]\n"
			"export add NAME TYPE… [private]\n"
			"export del NAME\n\n"
			"add takes the place of what the list says about "
			"NAME; with private, its\nprivate addresses may leave, "
			"too. NAME is a whole name, or one without its\nzone "
			"where only one zone has it. A change is in force at "
			"once, and in the\nzone's journal.\n",
	},
	{
		.name = "reach",
		.operands = "list|add|del …",
		.least = 1,
		.most = 3,
		.stream = true,
		.run = cmd_reach,
		.line = "what the inside may ask the world for",
		.more = "reach list [ZONE]\n"
			"reach add NAME [--zone ZONE]\n"
			"reach del NAME [--zone ZONE]\n\n"
			"NAME and all names below it. Without --zone the "
			"space that all others\nserved here are in, if there "
			"is one. A change is in force at once, and in\nthe "
			"zone's journal.\n",
		.options = {{"zone", "ZONE",
			     "for those who are inside of this one"}},
	},
	{
		.name = "blocked",
		.operands = "",
		.stream = true,
		.run = cmd_blocked,
		.line = "what the inside asked for and is not in reach",
		.more = "Since the server started, the most frequent first: "
			"name, type and client\nof the last question.\n",
		.options = {{"clear", NULL, "forget them instead"}},
	},
	{
		.name = "flush",
		.operands = "[NAME]",
		.least = 0,
		.most = 1,
		.run = cmd_flush,
		.line = "forget foreign answers",
		.options = {{"below", NULL, "NAME and all names below it"},
			    {"all", NULL, "everything"}},
	},
	{
		.name = "drop",
		.operands = "ZONE",
		.least = 1,
		.most = 1,
		.run = cmd_drop,
		.line = "erase a zone that is no longer configured",
	},
	{
		.name = "backup",
		.operands = "DIR",
		.least = 1,
		.most = 1,
		.run = cmd_backup,
		.line = "a consistent copy of the store in a new folder",
		.more = "A running server writes it, with its own rights; if "
			"none runs, placectl\ndoes. The copy is a store: "
			"`store: DIR` serves it.\n",
	},
	{
		.name = "reload",
		.operands = "",
		.run = cmd_reload,
		.line = "take the configuration anew, as a whole or not at "
			"all",
	},
	{
		.name = "stop",
		.operands = "",
		.run = cmd_stop,
		.line = "stop the server, and wait until it has",
	},
};

/* --- words --------------------------------------------------------------- */

#define WORD_MAX 24

/* Insertions, deletions and replacements from one word to the other. */
static size_t
word_distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], n = strlen(b);

	if (strlen(a) > WORD_MAX || n > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

static const struct ctl_command *
command_nearest(const char *word)
{
	const struct ctl_command *nearest = NULL;
	size_t least = 3;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		size_t distance = word_distance(word, commands[i].name);

		if (distance < least) {
			least = distance;
			nearest = &commands[i];
		}
	}
	return nearest;
}

static const struct ctl_command *
command_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, word) == 0)
			return &commands[i];
	return NULL;
}

static enum ctl_exit
command_unknown(const struct ctl *c, const char *word)
{
	const struct ctl_command *nearest = command_nearest(word);

	if (nearest == NULL)
		return ctl_misused(c, "there is no command \"%s\"", word);
	return ctl_misused(c, "there is no command \"%s\"; is \"%s\" meant?",
			   word, nearest->name);
}

/* --- help ---------------------------------------------------------------- */

static enum ctl_exit
help(void)
{
	fputs("usage: placectl [-c FILE | -s SOCKET] [--json] COMMAND …\n\n",
	      stdout);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		printf("  %-11s %-12s %s\n", commands[i].name,
		       commands[i].operands, commands[i].line);
	fputs("\n"
	      "  -c, --config FILE    the server's configuration, which names "
	      "the socket\n"
	      "                       (" PLACED_CONF ")\n"
	      "  -s, --socket SOCKET  the server's control socket\n"
	      "      --json           one JSON value, or one a line\n"
	      "  -v, --version        print the version\n"
	      "  -h, --help           print this; after a command, more about "
	      "it\n\n"
	      "Exit status: 0, 1 refused (the reason is on stderr), 2 wrong "
	      "usage.\n",
	      stdout);
	return CTL_DONE;
}

/* Columns of "name value", of characters that are one column each. */
static int
option_width(const struct ctl_option *o)
{
	size_t width = strlen(o->name) + (o->value != NULL);

	for (const char *at = o->value; at != NULL && *at != '\0'; at++)
		width += (*at & 0xc0) != 0x80; /* not within UTF-8 */
	return (int)width;
}

/* More options than a line has room for are only listed below it. */
#define USAGE_OPTIONS 4

static enum ctl_exit
help_command(const struct ctl_command *command)
{
	int count = 0, width = 13;

	for (const struct ctl_option *o = command->options; o->name != NULL;
	     o++, count++)
		if (option_width(o) > width)
			width = option_width(o);
	printf("usage: placectl %s%s%s", command->name,
	       command->operands[0] == '\0' ? "" : " ", command->operands);
	for (const struct ctl_option *o = command->options;
	     count <= USAGE_OPTIONS && o->name != NULL; o++)
		printf(" [--%s%s%s]", o->name, o->value == NULL ? "" : " ",
		       o->value == NULL ? "" : o->value);
	if (count > USAGE_OPTIONS)
		printf(" [--OPTION…]");
	printf("\n\n%s\n", command->line);
	if (command->more != NULL)
		printf("\n%s", command->more);
	if (command->options[0].name != NULL)
		putchar('\n');
	for (const struct ctl_option *o = command->options; o->name != NULL;
	     o++)
		printf("  --%s%s%s%*s %s\n", o->name,
		       o->value == NULL ? "" : " ",
		       o->value == NULL ? "" : o->value,
		       width - option_width(o), "", o->help);
	return CTL_DONE;
}

/* placectl help [COMMAND] */
static enum ctl_exit
help_about(const struct ctl *c, const char *word)
{
	const struct ctl_command *command;

	if (word == NULL)
		return help();
	command = command_find(word);
	return command == NULL ? command_unknown(c, word)
			       : help_command(command);
}

/* --- options ------------------------------------------------------------- */

/* What getopt_long() returns, from OPTION_OWN on for the options of a command.
 */
#define OPTION_NONE 1 /* an operand, where they are in order */
#define OPTION_JSON 256
#define OPTION_OWN 257

static const struct option options_common[] = {
	{"config", required_argument, NULL, 'c'},
	{"socket", required_argument, NULL, 's'},
	{"json", no_argument, NULL, OPTION_JSON},
	{"version", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
};

#define OPTIONS_COMMON ARRAY_LEN(options_common)

/* Options that hold everywhere, then those of the row (NULL: none). */
static void
options_list(struct option *list, const struct ctl_command *command)
{
	size_t n = OPTIONS_COMMON;

	memcpy(list, options_common, sizeof(options_common));
	for (size_t i = 0; command != NULL && command->options[i].name != NULL;
	     i++)
		list[n++] = (struct option){command->options[i].name,
					    command->options[i].value == NULL
						    ? no_argument
						    : required_argument,
					    NULL, OPTION_OWN + (int)i};
	list[n] = (struct option){0};
}

/* True if the program goes on; else *status is its end. */
static bool
options_take(struct ctl *c, int option, enum ctl_exit *status)
{
	switch (option) {
	case 'c':
		c->conf = optarg;
		c->conf_given = true;
		return true;
	case 's':
		c->socket = optarg;
		return true;
	case OPTION_JSON:
		c->json = true;
		return true;
	case 'v':
		puts("placectl " PACKAGE_VERSION);
		*status = CTL_DONE;
		return false;
	case 'h':
		*status =
			c->command == NULL ? help() : help_command(c->command);
		return false;
	case '?':
	case ':': /* getopt_long() has said what is wrong */
		fputs("placectl --help says what there is\n", stderr);
		*status = CTL_USAGE;
		return false;
	default:
		c->option[option - OPTION_OWN] = optarg == NULL ? "" : optarg;
		return true;
	}
}

/* Counts those that are too many, too. */
static void
operand_take(struct ctl *c, const char *operand)
{
	if (c->operands < ARRAY_LEN(c->operand))
		c->operand[c->operands] = operand;
	c->operands++;
}

/* "-91.5", "-.5": an operand, as no option is a digit. */
static bool
is_negative(const char *text)
{
	return text != NULL && text[0] == '-' &&
	       (isdigit((unsigned char)text[1]) ||
		(text[1] == '.' && isdigit((unsigned char)text[2])));
}

/* Options up to the command (short options begin with '+'), or all that are
 * left, with the operands among them ('-'). */
static bool
options_read(struct ctl *c, const char *shorts, int argc, char **argv,
	     enum ctl_exit *status)
{
	struct option list[OPTIONS_COMMON + CTL_OPTIONS_MAX + 1];
	int option;

	options_list(list, c->command);
	optind = 0; /* glibc: begin anew */
	while ((option = getopt_long(argc, argv, shorts, list, NULL)) != -1) {
		if (option == OPTION_NONE)
			operand_take(c, optarg);
		else if (!options_take(c, option, status))
			return false;
		while (shorts[0] == '-' && is_negative(argv[optind]))
			operand_take(c, argv[optind++]);
	}
	return true;
}

/* --- main ---------------------------------------------------------------- */

static enum ctl_exit
command_run(struct ctl *c, int argc, char **argv)
{
	const struct ctl_command *command = c->command;
	enum ctl_exit status = CTL_USAGE;

	argv[0] = (char *)"placectl"; /* who complains in getopt_long() */
	if (!options_read(c, "-c:s:vh", argc, argv, &status))
		return status;
	while (optind < argc) /* behind -- */
		operand_take(c, argv[optind++]);
	if (c->operands < command->least || c->operands > command->most)
		return ctl_misused(c, "usage: placectl %s%s%s", command->name,
				   command->operands[0] == '\0' ? "" : " ",
				   command->operands);
	return command->run(c);
}

static enum ctl_exit
run(struct ctl *c, int argc, char **argv)
{
	enum ctl_exit status = CTL_USAGE;
	const char *word;

	argv[0] = (char *)"placectl";
	if (!options_read(c, "+c:s:vh", argc, argv, &status))
		return status;
	if (c->conf_given && c->socket != NULL)
		return ctl_misused(c, "-c and -s exclude each other");
	if (optind == argc)
		return ctl_misused(c, "which command?");
	word = argv[optind];
	if (strcmp(word, "help") == 0)
		return help_about(c,
				  optind + 1 < argc ? argv[optind + 1] : NULL);
	c->command = command_find(word);
	if (c->command == NULL)
		return command_unknown(c, word);
	return command_run(c, argc - optind, argv + optind);
}

int
main(int argc, char **argv)
{
	struct ctl c = {.conf = PLACED_CONF, .fd = -1};
	enum ctl_exit status;

	status = run(&c, argc, argv);
	if (c.fd >= 0)
		close(c.fd);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == CTL_DONE)
		status = ctl_refuse(&c, "standard output: %s", strerror(errno));
	return (int)status;
}
