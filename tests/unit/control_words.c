#include "tests/unit/control_words.h"

#include "lib/event.h"
#include "resolver/blocked.h"
#include "server/refused.h"
#include "server/stats.h"
#include "server/uplink_sum.h"
#include "zones/text.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

char house_dir[64], house_path[96];
unsigned house_stops;
struct cache *house_cache;
struct blocked *house_blocked;
static struct store *store;
static struct writer *writer;
static struct import_jobs *imports;
static struct refused *refusals;
static struct event_loop *loop;
static pthread_t loop_thread;
static struct control *control;
static struct served *current;

/* --- the house ----------------------------------------------------------- */

static struct served *
house_served(void *arg)
{
	(void)arg;
	return served_hold(current);
}

static enum err
house_reload(void *arg, struct diag *d)
{
	(void)arg;
	return diag_set(d, ERR_SYNTAX, "placed.yaml:3:1: no");
}

static void
house_stop(void *arg)
{
	(void)arg;
	__atomic_add_fetch(&house_stops, 1, __ATOMIC_SEQ_CST);
}

static void
house_stats(void *arg, struct stats *sum)
{
	(void)arg;
	memset(sum, 0, sizeof(*sum));
	sum->n[STAT_QUERIES] = 42;
}

/* One worker holds the forwarder for down, the other for up. */
static void
house_uplink(void *arg, struct uplink_sum *sum)
{
	struct resolver_forwarder f = {.up = true, .srtt_ms = 10, .sent = 3};
	struct resolver_stats s = {.asked = 5};

	(void)arg;
	net_addr_from_text(&f.addr, "192.0.2.53", 53, NULL);
	uplink_sum_add(sum, &f, 1);
	f.up = false;
	f.srtt_ms = 20;
	uplink_sum_add(sum, &f, 1);
	uplink_sum_count(sum, &s);
}

static void *
house_loop(void *arg)
{
	event_run(loop);
	return arg;
}

void
house_write(const char *name, const char *text)
{
	char file[128];
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", house_dir, name);
	f = fopen(file, "w");
	cr_assert_not_null(f);
	fputs(text, f);
	fclose(f);
}

static struct served *
house_configured(void)
{
	char file[128];
	struct conf *conf;
	struct diag d = {""};

	house_write("placed.yaml",
		    "listen: [ 127.0.0.1@5300 ]\n"
		    "store: data\n"
		    "uplink: { forward: [ 192.0.2.53 ],"
		    " reach: [ reach.example ] }\n"
		    "keys:\n"
		    "  - { name: room-key., algorithm: hmac-sha256,"
		    " secret: c2VjcmV0c2VjcmV0c2VjcmV0 }\n"
		    "zones:\n"
		    "  - name: lounge.house\n"
		    "    inside: [ 192.168.1.0/24 ]\n"
		    "    update:\n"
		    "      - { key: room-key., names: [ lamp ],"
		    " types: [ A, TXT ] }\n"
		    "  - name: attic.house\n"
		    "    inside: [ 192.168.1.0/24 ]\n");
	snprintf(file, sizeof(file), "%s/placed.yaml", house_dir);
	conf = conf_read(file, &d);
	cr_assert_not_null(conf, "%s", d.text);
	return served_new(conf);
}

/* Takes what is in text into the zone, as a seed does. */
void
house_seed(const char *zone, const char *text)
{
	const struct edit_limits limits = {.journal_limit = 1 << 20};
	struct import_outcome out;
	struct import_set set;
	uint8_t apex[NAME_WIRE_MAX];
	struct diag d = {""};

	cr_assert_eq(name_from_text(apex, zone, NULL, &d), ERR_OK);
	import_set_init(&set, apex);
	cr_assert_eq(
		text_read_string(text, "seed", apex, import_set_add, &set, &d),
		ERR_OK, "%s", d.text);
	cr_assert_eq(import_set_finish(&set, &limits, &d), ERR_OK, "%s",
		     d.text);
	cr_assert_eq(import_job_run(imports, store, writer, &set, false,
				    &limits, "file seed", &out, &d),
		     ERR_OK, "%s", d.text);
	import_set_free(&set);
}

/* Two updates that were refused. */
static struct refused *
house_refused(void)
{
	struct net_addr from;

	refusals = refused_new();
	cr_assert_not_null(refusals);
	net_addr_from_text(&from, "192.0.2.7", 53, NULL);
	refused_note(refusals, 1764000000, &from, "first reason");
	refused_note(refusals, 1764000001, &from, "second reason");
	return refusals;
}

void
house_open(void)
{
	const struct store_options o = {.readers = 32, .create = true};
	const struct cache_options co = {.limit = CACHE_LIMIT_MIN,
					 .readers = CONTROL_CONVERSATIONS};
	const char *tmp = getenv("TMPDIR");
	struct control_server server = {
		.served = house_served,
		.reload = house_reload,
		.stop = house_stop,
		.stats = house_stats,
		.uplink = house_uplink,
		.refused = house_refused(),
	};
	struct diag d = {""};
	int fd;

	snprintf(house_dir, sizeof(house_dir), "%s/control.XXXXXX",
		 tmp ? tmp : "/tmp");
	cr_assert_not_null(mkdtemp(house_dir));
	snprintf(house_path, sizeof(house_path), "%s/socket", house_dir);
	current = house_configured();
	cr_assert_eq(store_open(&store, current->conf->store, &o, &d), ERR_OK,
		     "%s", d.text);
	writer = writer_start(store);
	imports = import_jobs_new();
	loop = event_loop_new();
	cr_assert(writer && imports && loop);
	cr_assert_eq(cache_open(&house_cache, current->conf->store, &co, &d),
		     ERR_OK, "%s", d.text);
	house_blocked = blocked_new();
	cr_assert_not_null(house_blocked);
	house_seed("lounge.house", LOUNGE);
	house_seed("shed.house", LOUNGE);
	server.store = store;
	server.writer = writer;
	server.imports = imports;
	server.loop = loop;
	server.recursion.cache = house_cache;
	server.recursion.blocked = house_blocked;
	cr_assert_eq(control_bind(&fd, house_path, 0660, NULL, &d), ERR_OK,
		     "%s", d.text);
	control = control_start(&server, fd, house_path);
	cr_assert_not_null(control);
	pthread_create(&loop_thread, NULL, house_loop, NULL);
}

void
house_close(void)
{
	char command[96];

	event_stop(loop);
	pthread_join(loop_thread, NULL);
	control_stop(control);
	cr_assert_neq(access(house_path, F_OK), 0, "the socket is still there");
	writer_free(writer);
	cache_close(house_cache);
	blocked_free(house_blocked);
	store_close(store);
	import_jobs_free(imports);
	refused_free(refusals);
	event_loop_free(loop);
	served_release(current);
	snprintf(command, sizeof(command), "rm -rf '%s'", house_dir);
	cr_assert_eq(system(command), 0);
}

/* --- talk ---------------------------------------------------------------- */

int
dial(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = 20};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, house_path, strlen(house_path) + 1);
	cr_assert_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

void
say_with(int fd, const char *text, int passed)
{
	char room[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {(void *)text, strlen(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (passed >= 0) {
		struct cmsghdr *h;

		m.msg_control = room;
		m.msg_controllen = sizeof(room);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &passed, sizeof(int));
	}
	cr_assert_eq(sendmsg(fd, &m, MSG_NOSIGNAL), (ssize_t)strlen(text));
}

void
say(int fd, const char *text)
{
	say_with(fd, text, -1);
}

/* The next line of the answer, or NULL when the server has hung up. */
json_t *
hear(int fd)
{
	static char line[1 << 20];
	size_t n = 0;

	while (n < sizeof(line) && recv(fd, line + n, 1, 0) == 1)
		if (line[n++] == '\n')
			return json_loadb(line, n - 1, 0, NULL);
	return NULL;
}

/* A whole answer: its objects, the last one with "ok". */
json_t *
hear_all(int fd)
{
	json_t *all = json_array(), *object;

	do {
		object = hear(fd);
		cr_assert_not_null(object, "the server hung up");
		json_array_append_new(all, object);
	} while (json_object_get(object, "ok") == NULL);
	return all;
}

json_t *
ask_with(const char *request, int passed)
{
	int fd = dial();
	json_t *all;

	say_with(fd, request, passed);
	say(fd, "\n");
	all = hear_all(fd);
	close(fd);
	return all;
}

json_t *
ask(const char *request)
{
	return ask_with(request, -1);
}

const json_t *
last(const json_t *all)
{
	return json_array_get(all, json_array_size(all) - 1);
}

const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

json_int_t
number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* The request succeeds; its answer. */
json_t *
ask_ok(const char *request)
{
	json_t *all = ask(request);

	cr_assert(json_is_true(json_object_get(last(all), "ok")), "%s: %s",
		  request, text_of(last(all), "error"));
	return all;
}

void
refused(json_t *all, const char *why)
{
	const char *error = text_of(last(all), "error");

	cr_assert(json_is_false(json_object_get(last(all), "ok")));
	cr_assert_not_null(strstr(error, why), "\"%s\" in: %s", why, error);
	json_decref(all);
}

/* Lines whose member `name` holds `part`. */
size_t
lines_with(const json_t *all, const char *name, const char *part)
{
	size_t n = 0, i;
	json_t *object;

	json_array_foreach(all, i, object) if (strstr(text_of(object, name),
						      part) != NULL) n++;
	return n;
}
