/*
 * The control socket, spoken to in plain JSON.
 */
#include "tests/unit/control_words.h"

#include "server/stats.h"
#include "zones/text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(control, .init = house_open, .fini = house_close, .timeout = 60);

/* --- the protocol -------------------------------------------------------- */

Test(control, what_is_no_json_is_answered_with_an_error)
{
	refused(ask("status please"), "not JSON");
	refused(ask("{\"command\":\"status\""), "not JSON");
	refused(ask("\xff\xfe\x1b[2J"), "not JSON");
	refused(ask(""), "not JSON");
}

Test(control, a_request_is_an_object_that_names_its_command)
{
	refused(ask("[]"), "must be a JSON object");
	refused(ask("{}"), "names no \"command\"");
	refused(ask("{\"command\":7}"), "names no \"command\"");
	refused(ask("{\"command\":\"sing\"}"), "no command \"sing\"");
}

Test(control, arguments_are_those_of_the_command)
{
	refused(ask("{\"command\":\"dump\"}"), "dump needs \"zone\"");
	refused(ask("{\"command\":\"dump\",\"zone\":1}"),
		"zone must be a string");
	refused(ask("{\"command\":\"status\",\"zone\":\"x\"}"),
		"status takes no argument \"zone\"");
	refused(ask("{\"command\":\"log\",\"zone\":\"x\",\"last\":0}"),
		"last must be a number from 1");
	refused(ask("{\"command\":\"import\",\"zone\":\"x\","
		    "\"replace\":\"yes\"}"),
		"replace must be true or false");
}

Test(control, control_octets_in_a_request_do_not_come_back)
{
	json_t *all = ask("{\"command\":\"\\u001b[2J\"}");
	const char *error = text_of(last(all), "error");

	cr_assert_null(strchr(error, '\033'));
	cr_assert_not_null(strstr(error, "?[2J"));
	json_decref(all);
}

Test(control, a_line_that_is_too_long_is_refused_and_ends_the_talk)
{
	char *line = malloc(65537);
	int fd = dial();
	json_t *all;

	memset(line, ' ', 65536);
	line[65536] = '\0';
	say(fd, line);
	all = hear_all(fd);
	cr_assert_null(hear(fd));
	refused(all, "longer than 64 KiB");
	close(fd);
	free(line);
}

Test(control, one_conversation_may_ask_again_after_an_error)
{
	int fd = dial();
	json_t *all;

	say(fd, "nonsense\n{\"command\":\"reload\"}\n{\"command\":");
	refused(hear_all(fd), "not JSON");
	refused(hear_all(fd), "placed.yaml:3:1: no");
	say(fd, "\"status\"}\n");
	all = hear_all(fd);
	cr_assert(json_is_true(json_object_get(last(all), "ok")));
	json_decref(all);
	close(fd);
}

Test(control, who_comes_when_all_conversations_are_taken_is_told_so)
{
	int fd[CONTROL_CONVERSATIONS], late;

	for (size_t i = 0; i < CONTROL_CONVERSATIONS; i++) {
		fd[i] = dial();
		say(fd[i], "{\"command\":\"status\"}\n");
		json_decref(hear_all(fd[i]));
	}
	late = dial();
	refused(hear_all(late), "busy");
	cr_assert_null(hear(late));
	close(late);
	for (size_t i = 0; i < CONTROL_CONVERSATIONS; i++)
		close(fd[i]);
}

Test(control, a_conversation_that_ended_makes_room)
{
	for (size_t i = 0; i < 3 * CONTROL_CONVERSATIONS; i++) {
		int fd = dial();

		say(fd, "{\"command\":\"status\"}\n");
		json_decref(hear_all(fd));
		/* Half closed: the server ends it, and we see that it has. */
		shutdown(fd, SHUT_WR);
		cr_assert_null(hear(fd));
		close(fd);
	}
}

Test(control, stopping_does_not_wait_for_a_peer_that_says_nothing)
{
	int fd = dial();

	say(fd, "{\"command\":\"status\"}\n");
	json_decref(hear_all(fd));
	/* house_close() follows; it would hang here for half a minute. */
	alarm(10);
}

/* --- status, zones ------------------------------------------------------- */

Test(control, status_sums_up)
{
	json_t *all = ask_ok("{\"command\":\"status\"}");
	const json_t *zones = json_object_get(last(all), "zones");

	cr_assert_eq(number_of(last(all), "pid"), getpid());
	cr_assert_eq(number_of(zones, "served"), 1);
	cr_assert_eq(number_of(zones, "unready"), 1);
	cr_assert_eq(number_of(zones, "kept"), 1);
	cr_assert_eq(number_of(zones, "records"), 16);
	cr_assert_eq(number_of(json_object_get(last(all), "queries"),
			       stat_name(STAT_QUERIES)),
		     42);
	json_decref(all);
}

Test(control, zones_are_served_or_unready_or_kept)
{
	json_t *all = ask_ok("{\"command\":\"zones\"}");
	const json_t *item;

	cr_assert_eq(json_array_size(all), 4);
	item = json_array_get(all, 0);
	cr_assert_str_eq(text_of(item, "zone"), "attic.house.");
	cr_assert_str_eq(text_of(item, "state"), "unready");
	item = json_array_get(all, 1);
	cr_assert_str_eq(text_of(item, "zone"), "lounge.house.");
	cr_assert_str_eq(text_of(item, "state"), "served");
	cr_assert_eq(number_of(item, "serial"), 7);
	cr_assert_eq(number_of(item, "records"), 8);
	item = json_array_get(all, 2);
	cr_assert_str_eq(text_of(item, "zone"), "shed.house.");
	cr_assert_str_eq(text_of(item, "state"), "kept");
	json_decref(all);
}

/* --- dump, log ----------------------------------------------------------- */

Test(control, a_dump_begins_with_the_soa_and_holds_every_rr_once)
{
	json_t *all =
		ask_ok("{\"command\":\"dump\",\"zone\":\"lounge.house\"}");

	cr_assert_eq(json_array_size(all), 1 + 8 + 1);
	cr_assert_eq(number_of(json_array_get(all, 0), "serial"), 7);
	cr_assert_not_null(
		strstr(text_of(json_array_get(all, 1), "rr"), "SOA"));
	cr_assert_eq(lines_with(all, "rr", "SOA"), 1);
	cr_assert_eq(lines_with(all, "rr", "light.lounge.house."), 1);
	json_decref(all);
}

Test(control, a_dump_that_outgrows_memory_comes_whole)
{
	enum {
		LAMPS = 3000
	};
	size_t cap = 1 << 20;
	char *text = malloc(cap);
	size_t n = (size_t)snprintf(text, cap, "%s", LOUNGE);
	json_t *all;

	for (unsigned i = 0; i < LAMPS; i++)
		n += (size_t)snprintf(text + n, cap - n,
				      "lamp-%u TXT \"of the many there are\"\n",
				      i);
	house_seed("lounge.house", text);
	all = ask_ok("{\"command\":\"dump\",\"zone\":\"lounge.house\"}");
	cr_assert_eq(json_array_size(all), 1 + 8 + LAMPS + 1);
	cr_assert_eq(lines_with(all, "rr", "lamp-2999.lounge.house."), 1);
	json_decref(all);
	free(text);
}

Test(control, a_zone_that_is_not_there_cannot_be_dumped)
{
	refused(ask("{\"command\":\"dump\",\"zone\":\"attic.house\"}"),
		"zone attic.house. is configured but not in the store yet");
	refused(ask("{\"command\":\"dump\",\"zone\":\"barn.house\"}"),
		"zone barn.house. is not in the store");
	refused(ask("{\"command\":\"dump\",\"zone\":\"a..b\"}"), "");
}

Test(control, the_last_refusals_are_told)
{
	json_t *all = ask_ok("{\"command\":\"refused\"}");

	cr_assert_eq(json_array_size(all), 3);
	json_decref(all);
	all = ask_ok("{\"command\":\"refused\",\"last\":1}");
	cr_assert_eq(json_array_size(all), 2);
	cr_assert_str_eq(text_of(json_array_get(all, 0), "reason"),
			 "second reason");
	json_decref(all);
}

Test(control, the_log_tells_who_changed_what)
{
	json_t *all;
	const json_t *item;

	house_seed("lounge.house", LOUNGE "fan A 192.168.1.30\n");
	all = ask_ok("{\"command\":\"log\",\"zone\":\"lounge.house\","
		     "\"last\":1}");
	cr_assert_eq(json_array_size(all), 2);
	item = json_array_get(all, 0);
	cr_assert_eq(number_of(item, "serial-before"), 7);
	cr_assert_eq(number_of(item, "serial"), 8);
	cr_assert_str_eq(text_of(item, "who"), "file seed");
	cr_assert_eq(json_array_size(json_object_get(item, "removed")), 1);
	cr_assert_eq(json_array_size(json_object_get(item, "added")), 2);
	json_decref(all);
	all = ask_ok("{\"command\":\"log\",\"zone\":\"lounge.house\"}");
	cr_assert_eq(json_array_size(all), 3);
	json_decref(all);
}

/* --- explain ------------------------------------------------------------- */

/* The last step of the explanation, which is borrowed from *all. */
static const json_t *
explained(json_t **all, const char *name, const char *type, const char *from)
{
	char request[256];
	const json_t *steps;

	snprintf(request, sizeof(request),
		 "{\"command\":\"explain\",\"name\":\"%s\",\"type\":\"%s\"%s%s%"
		 "s}",
		 name, type, from ? ",\"from\":\"" : "", from ? from : "",
		 from ? "\"" : "");
	*all = ask_ok(request);
	steps = json_object_get(last(*all), "steps");
	return json_array_get(steps, json_array_size(steps) - 1);
}

static void
explains(const char *name, const char *type, const char *from,
	 const char *result, const char *why)
{
	json_t *all;
	const json_t *step = explained(&all, name, type, from);

	cr_assert_str_eq(text_of(step, "result"), result);
	cr_assert_not_null(strstr(text_of(step, "why"), why), "\"%s\" in: %s",
			   why, text_of(step, "why"));
	json_decref(all);
}

Test(control, explain_says_which_step_decided)
{
	explains("lamp.lounge.house", "A", NULL, "answer", "has A");
	explains("light.lounge.house", "A", NULL, "answer", "has A");
	explains("lamp.lounge.house", "MX", NULL, "nodata", "has no MX");
	explains("b.lounge.house", "A", NULL, "nodata", "names below it");
	explains("x.guest.lounge.house", "TXT", NULL, "answer",
		 "wildcard *.guest.lounge.house.");
	explains("x.cellar.lounge.house", "A", NULL, "referral",
		 "cellar.lounge.house. is delegated");
	explains("no.such.lounge.house", "A", NULL, "nxdomain",
		 "lounge.house. is the closest");
	explains("attic.house", "A", NULL, "servfail", "not in the store");
	explains("example.org", "A", NULL, "blocked", "not in reach");
}

Test(control, explain_follows_a_chain_step_by_step)
{
	json_t *all;
	const json_t *steps, *step;

	explained(&all, "light.lounge.house", "A", NULL);
	steps = json_object_get(last(all), "steps");
	cr_assert_eq(json_array_size(steps), 2);
	step = json_array_get(steps, 0);
	cr_assert_str_eq(text_of(step, "result"), "cname");
	cr_assert_str_eq(text_of(json_array_get(steps, 1), "name"),
			 "lamp.lounge.house.");
	json_decref(all);
}

Test(control, explain_sees_as_the_address_does)
{
	explains("lamp.lounge.house", "A", "192.168.1.77", "answer", "has A");
	explains("lamp.lounge.house", "A", "10.0.0.1", "refused",
		 "inside no zone");
}

Test(control, explain_shows_outsiders_what_is_exported)
{
	house_seed("lounge.house",
		   LOUNGE "ns A 203.0.113.1\n_export TXT \"ns A\"\n");
	explains("ns.lounge.house", "A", "10.0.0.1", "answer", "has A");
	explains("lamp.lounge.house", "A", "10.0.0.1", "nxdomain",
		 "no such name");
	explains("lamp.lounge.house", "A", "192.168.1.77", "answer", "has A");
}

Test(control, explain_tells_where_an_rr_came_from_and_who_may_change_it)
{
	json_t *all;
	const json_t *step = explained(&all, "lamp.lounge.house", "A", NULL);
	const json_t *rr = json_array_get(json_object_get(step, "rrs"), 0);
	const json_t *rules = json_object_get(last(all), "rules");

	cr_assert_str_eq(text_of(rr, "origin"), "file");
	cr_assert_eq(json_array_size(rules), 1);
	cr_assert_str_eq(text_of(json_array_get(rules, 0), "key"), "room-key.");
	json_decref(all);
	explained(&all, "lamp.lounge.house", "MX", NULL);
	cr_assert_eq(json_array_size(json_object_get(last(all), "rules")), 0);
	json_decref(all);
}

Test(control, explain_refuses_what_is_no_question)
{
	refused(ask("{\"command\":\"explain\",\"name\":\"x\",\"type\":\"NO\"}"),
		"no type");
	refused(ask("{\"command\":\"explain\",\"name\":\"x\",\"type\":\"A\","
		    "\"from\":\"here\"}"),
		"");
}

/* --- drop ---------------------------------------------------------------- */

Test(control, a_configured_zone_is_not_dropped)
{
	refused(ask("{\"command\":\"drop\",\"zone\":\"lounge.house\"}"),
		"is in the configuration");
	json_decref(ask_ok("{\"command\":\"dump\",\"zone\":\"lounge.house\"}"));
}

Test(control, a_kept_zone_is_dropped_once)
{
	json_decref(ask_ok("{\"command\":\"drop\",\"zone\":\"SHED.house\"}"));
	refused(ask("{\"command\":\"drop\",\"zone\":\"shed.house\"}"),
		"zone shed.house. is not in the store");
}

/* --- import -------------------------------------------------------------- */

/* An RR stream as placectl makes it. */
static int
stream_of(const char *zone, const char *text)
{
	int fd = memfd_create("zone", MFD_CLOEXEC);
	uint8_t apex[NAME_WIRE_MAX];
	struct import_set set;
	struct diag d = {""};

	cr_assert_eq(name_from_text(apex, zone, NULL, &d), ERR_OK);
	import_set_init(&set, apex);
	cr_assert_eq(
		text_read_string(text, "test", apex, import_set_add, &set, &d),
		ERR_OK, "%s", d.text);
	cr_assert_eq(import_set_write(&set, fd, &d), ERR_OK, "%s", d.text);
	import_set_free(&set);
	return fd;
}

#define IMPORT                                               \
	"{\"command\":\"import\",\"zone\":\"lounge.house\"," \
	"\"file\":\"rooms/lounge.zone\""

Test(control, a_dry_run_shows_the_difference_and_makes_none)
{
	int fd = stream_of("lounge.house", LOUNGE "fan A 192.168.1.30\n");
	json_t *all = ask_with(IMPORT ",\"dry-run\":true}", fd);

	cr_assert(json_is_true(json_object_get(last(all), "ok")), "%s",
		  text_of(last(all), "error"));
	cr_assert_eq(lines_with(all, "rr", "fan.lounge.house."), 1);
	cr_assert_geq(lines_with(all, "op", "+"), 1);
	cr_assert_geq(number_of(last(all), "added"), 1);
	json_decref(all);
	all = ask_ok("{\"command\":\"dump\",\"zone\":\"lounge.house\"}");
	cr_assert_eq(lines_with(all, "rr", "fan.lounge.house."), 0);
	json_decref(all);
	close(fd);
}

Test(control, an_import_makes_the_difference)
{
	int fd = stream_of("lounge.house", LOUNGE "fan A 192.168.1.30\n");
	json_t *all = ask_with(IMPORT "}", fd);

	cr_assert(json_is_true(json_object_get(last(all), "ok")), "%s",
		  text_of(last(all), "error"));
	cr_assert_eq(number_of(last(all), "serial"), 8);
	json_decref(all);
	all = ask_ok("{\"command\":\"dump\",\"zone\":\"lounge.house\"}");
	cr_assert_eq(lines_with(all, "rr", "fan.lounge.house."), 1);
	json_decref(all);
	all = ask_ok("{\"command\":\"log\",\"zone\":\"lounge.house\","
		     "\"last\":1}");
	cr_assert_str_eq(text_of(json_array_get(all, 0), "who"),
			 "file lounge.zone");
	json_decref(all);
	close(fd);
}

Test(control, an_import_checks_what_it_is_given)
{
	int fd = stream_of("lounge.house", LOUNGE "lamp CNAME fan\n");

	refused(ask_with(IMPORT "}", fd), "rooms/lounge.zone:");
	cr_assert_eq(ftruncate(fd, 20), 0);
	refused(ask_with(IMPORT "}", fd), "");
	close(fd);
}

Test(control, an_import_needs_a_file_beside_the_request)
{
	int fd[2];

	refused(ask(IMPORT "}"), "needs a descriptor");
	cr_assert_eq(pipe(fd), 0);
	refused(ask_with(IMPORT "}", fd[0]), "no file");
	close(fd[0]);
	close(fd[1]);
}

Test(control, only_a_configured_zone_takes_an_import)
{
	int fd = stream_of("shed.house", LOUNGE);

	refused(ask_with("{\"command\":\"import\",\"zone\":\"shed.house\"}",
			 fd),
		"shed.house. is not in the configuration");
	close(fd);
}

/* --- upkeep -------------------------------------------------------------- */

Test(control, a_backup_is_a_store)
{
	const struct store_options o = {.readers = 1, .read_only = true};
	char request[160], copy[96];
	struct store *backup;
	struct diag d = {""};

	refused(ask("{\"command\":\"backup\",\"dir\":\"copy\"}"), "root");
	snprintf(copy, sizeof(copy), "%s/copy", house_dir);
	snprintf(request, sizeof(request),
		 "{\"command\":\"backup\",\"dir\":\"%s\"}", copy);
	json_decref(ask_ok(request));
	cr_assert_eq(store_open(&backup, copy, &o, &d), ERR_OK, "%s", d.text);
	store_close(backup);
	refused(ask(request), "");
}

Test(control, stop_answers_before_it_stops)
{
	int fd = dial();
	json_t *all;

	say(fd, "{\"command\":\"stop\"}\n{\"command\":\"status\"}\n");
	all = hear_all(fd);
	cr_assert(json_is_true(json_object_get(last(all), "ok")));
	json_decref(all);
	json_decref(hear_all(fd)); /* status: by now stop() was called */
	cr_assert_eq(__atomic_load_n(&house_stops, __ATOMIC_SEQ_CST), 1);
	close(fd);
}

/* --- the socket ---------------------------------------------------------- */

Test(control, a_socket_that_answers_is_not_replaced)
{
	struct diag d = {""};
	int fd;

	cr_assert_eq(control_bind(&fd, house_path, 0660, NULL, &d), ERR_BUSY);
	cr_assert_not_null(strstr(d.text, "another server answers there"));
	json_decref(ask_ok("{\"command\":\"status\"}"));
}

Test(control, the_socket_has_the_mode_that_was_asked_for)
{
	struct stat st;

	cr_assert_eq(stat(house_path, &st), 0);
	cr_assert(S_ISSOCK(st.st_mode));
	cr_assert_eq(st.st_mode & 0777, 0660);
}

Test(control, a_stale_socket_is_replaced)
{
	struct diag d = {""};
	char other[128];
	int fd;

	snprintf(other, sizeof(other), "%s/stale", house_dir);
	cr_assert_eq(control_bind(&fd, other, 0600, NULL, &d), ERR_OK);
	close(fd);
	cr_assert_eq(access(other, F_OK), 0);
	cr_assert_eq(control_bind(&fd, other, 0600, NULL, &d), ERR_OK, "%s",
		     d.text);
	close(fd);
}

Test(control, a_file_in_the_socket_s_place_is_left_alone)
{
	struct diag d = {""};
	char other[128];
	int fd;

	house_write("precious", "text");
	snprintf(other, sizeof(other), "%s/precious", house_dir);
	cr_assert_eq(control_bind(&fd, other, 0600, NULL, &d), ERR_EXISTS);
	cr_assert_eq(access(other, F_OK), 0);
}

Test(control, a_missing_folder_is_made_and_no_more_than_one)
{
	struct diag d = {""};
	char other[128];
	int fd;

	snprintf(other, sizeof(other), "%s/run/socket", house_dir);
	cr_assert_eq(control_bind(&fd, other, 0600, NULL, &d), ERR_OK, "%s",
		     d.text);
	close(fd);
	snprintf(other, sizeof(other), "%s/no/such/socket", house_dir);
	cr_assert_eq(control_bind(&fd, other, 0600, NULL, &d), ERR_IO);
}

Test(control, a_path_that_no_socket_can_have_is_refused)
{
	struct diag d = {""};
	char other[200];
	int fd;

	memset(other, 'x', sizeof(other) - 1);
	other[0] = '/';
	other[sizeof(other) - 1] = '\0';
	cr_assert_eq(control_bind(&fd, other, 0600, NULL, &d), ERR_RANGE);
	cr_assert_eq(control_bind(&fd, house_path, 0600, "no-such-user", &d),
		     ERR_NOTFOUND);
}
