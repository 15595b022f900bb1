/*
 * placed: the nameserver of a place. Options, configuration, signals; all else
 * is server.h.
 */
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/net_tls.h"
#include "server/rights.h"
#include "server/server.h"
#include "zones/import.h"
#include "zones/text.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#ifndef PLACED_CONF
#define PLACED_CONF "/etc/placed/placed.yaml"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0"
#endif

static const char help[] =
	"usage: placed [-c FILE] [-t] [-x conf] [-v]\n"
	"\n"
	"The nameserver of a place. Runs in the foreground, logs to stderr.\n"
	"\n"
	"  -c, --config FILE   configuration (" PLACED_CONF ")\n"
	"  -t, --test          check configuration and zone files; exit 0 or "
	"1\n"
	"  -x, --print conf    print the manual page of the configuration\n"
	"  -v, --version       print the version\n"
	"  -h, --help          print this\n"
	"\n"
	"SIGHUP, or placectl reload, takes a new configuration as a whole or\n"
	"keeps the old one. placed(8), placed.yaml(5) and placectl(8) say "
	"more.\n";

static const char hint[] = "placed --help says what there is\n";

struct options {
	const char *conf;
	bool test;
};

_Noreturn static void
usage(const char *what)
{
	fprintf(stderr, "placed: %s\n%s", what, hint);
	exit(2);
}

static void
options_read(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"test", no_argument, NULL, 't'},
		{"print", required_argument, NULL, 'x'},
		{"version", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	if (argc > 0)
		argv[0] = (char *)"placed"; /* who complains */
	while ((c = getopt_long(argc, argv, "c:tx:vh", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->conf = optarg;
			break;
		case 't':
			o->test = true;
			break;
		case 'x':
			if (strcmp(optarg, "conf") != 0)
				usage("-x takes only \"conf\"");
			conf_print_manual(stdout);
			exit(0);
		case 'v':
			puts("placed " PACKAGE_VERSION);
			exit(0);
		case 'h':
			fputs(help, stdout);
			exit(0);
		default: /* getopt_long() has said what */
			fputs(hint, stderr);
			exit(2);
		}
	}
	if (optind < argc)
		usage("takes no arguments, only options");
}

/* What a seed would do, without a store: true if the file can be taken. */
static bool
zone_test(const struct conf *conf, const struct conf_zone *zone)
{
	const struct edit_limits limits = {
		.rrset_limit = conf->rrset_limit,
		.types_limit = conf->types_limit,
	};
	struct import_set set;
	struct diag d;
	enum err e;

	if (zone->file == NULL)
		return true;
	import_set_init(&set, zone->apex);
	e = text_read(zone->file, zone->apex, import_set_add, &set, &d);
	if (e == ERR_OK) {
		e = import_set_finish(&set, &limits, &d);
		if (e != ERR_OK && set.count == 0) /* no RR names the file */
			diag_prefix(&d, "%s", zone->file);
	}
	if (e != ERR_OK)
		fprintf(stderr, "placed: %s\n", d.text);
	import_set_free(&set);
	return e == ERR_OK;
}

/* What must be there for a start, zone files aside. */
static bool
settings_test(const struct conf *conf)
{
	struct net_tls *tls;
	struct diag d;

	if (rights_check_user(conf->user, &d) != ERR_OK) {
		fprintf(stderr, "placed: %s\n", d.text);
		return false;
	}
	tls = net_tls_new(conf->uplink.ca_file, &d);
	if (tls == NULL)
		fprintf(stderr, "placed: %s\n", d.text);
	net_tls_free(tls);
	return tls != NULL;
}

static int
test(const struct conf *conf)
{
	bool sound = settings_test(conf);

	for (size_t i = 0; i < conf->zone_count; i++)
		sound = zone_test(conf, &conf->zones[i]) && sound;
	return sound ? 0 : 1;
}

/* Signals are for the main thread, which takes them in its loop: threads
 * inherit a mask without them. */
static void
signals_block(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Connections are descriptors: as many as we may have. */
static void
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void
signals_unblock(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int
main(int argc, char **argv)
{
	struct options o = {.conf = PLACED_CONF};
	struct server *server;
	bool sound;
	struct conf *conf;
	struct diag d;

	options_read(&o, argc, argv);
	conf = conf_read(o.conf, &d);
	if (conf == NULL) {
		fprintf(stderr, "placed: %s\n", d.text);
		return 1;
	}
	if (o.test) {
		int status = test(conf);

		conf_free(conf);
		return status;
	}
	log_set_level((enum log_level)conf->log_level);
	descriptors_raise();
	signals_block();
	server = server_start(conf, &d);
	if (server == NULL) {
		fprintf(stderr, "placed: %s\n", d.text);
		return 1;
	}
	signals_unblock();
	sound = server_run(server);
	server_stop(server);
	log_notice("stopped");
	return sound ? 0 : 1;
}
