/*
 * Starts a server in a session of its own on one CPU, asks it until it gives
 * its first positive answer, prints "pid=P<tab>ms=T", T being the time from
 * fork to answer, and waits. When standard input ends, so does the server:
 * whoever holds the other end need not clean up, not even after a crash.
 *
 *   first -p PORT -n NAME [-c CPU] [-o LOG] [-t LIMIT_S] [-e EVERY_MS]
 *         -- COMMAND...
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct options {
	unsigned port;
	int cpu;
	const char *name, *log;
	double limit_s, every_ms;
};

static void
options_read(struct options *o, int argc, char **argv)
{
	const struct option_row rows[] = {
		{'p', OPTION_UNSIGNED, &o->port},
		{'n', OPTION_TEXT, &o->name},
		{'c', OPTION_INT, &o->cpu},
		{'o', OPTION_TEXT, &o->log},
		{'t', OPTION_DOUBLE, &o->limit_s},
		{'e', OPTION_DOUBLE, &o->every_ms},
		{0},
	};

	options_parse(rows, argc, argv);
	if (o->name == NULL || o->port == 0 || optind == argc)
		die("usage: first -p PORT -n NAME ... -- COMMAND...");
}

/* A session is scheduled as a group, whose weight is not that of the process
 * that began it. */
static void
session_weigh(void)
{
	int nice_value = getpriority(PRIO_PROCESS, 0);
	FILE *file;

	setsid();
	if (nice_value == 0)
		return;
	file = fopen("/proc/self/autogroup", "w");
	if (file == NULL)
		return;
	fprintf(file, "%d", nice_value);
	fclose(file);
}

_Noreturn static void
become(const struct options *o, char **command)
{
	int null = open("/dev/null", O_RDONLY);
	int log = open(o->log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	cpu_set_t set;

	session_weigh();
	CPU_ZERO(&set);
	CPU_SET((size_t)o->cpu, &set);
	if (sched_setaffinity(0, sizeof set, &set) < 0)
		fprintf(stderr, "first: no CPU %d\n", o->cpu);
	dup2(null, 0);
	dup2(log, 1);
	dup2(log, 2);
	close_range(3, ~0U, 0);
	execvp(command[0], command);
	fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
	_exit(127);
}

static bool
answered(int fd, uint64_t until)
{
	const struct timespec pause = {0, 100000};
	uint8_t reply[4096];

	do {
		ssize_t n = recv(fd, reply, sizeof reply, MSG_DONTWAIT);

		/* QR, NOERROR, with an answer */
		if (n >= 12 && (reply[2] & 0x80) != 0 && (reply[3] & 15) == 0 &&
		    get16(reply + 6) > 0)
			return true;
		nanosleep(&pause, NULL);
	} while (clock_ns() < until);
	return false;
}

/* Often in the first second, when a tenth of a millisecond may matter. */
static uint64_t
patience(const struct options *o, uint64_t since)
{
	if (o->every_ms > 0)
		return (uint64_t)(o->every_ms * 1e6);
	return clock_ns() - since < 1000000000U ? 300000 : 5000000;
}

static void
await(const struct options *o, pid_t pid, uint64_t start)
{
	uint8_t question[QUESTION_MAX];
	size_t n = question_put(question, o->name, type_read("A"));
	int fd = udp_connect(o->port, 0);

	for (unsigned id = 1;; id++) {
		put16(question, id & 0xffff);
		send(fd, question, n, 0);
		if (answered(fd, clock_ns() + patience(o, start)))
			break;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			die("first: the server ended, see %s", o->log);
		if ((double)(clock_ns() - start) > o->limit_s * 1e9) {
			kill(-pid, SIGKILL);
			die("first: no answer, see %s", o->log);
		}
	}
	close(fd);
}

static void
stop(pid_t pid)
{
	const struct timespec pause = {0, 10000000};

	kill(pid, SIGTERM);
	for (int i = 0; i < 3000; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			break;
		nanosleep(&pause, NULL);
	}
	kill(-pid, SIGKILL); /* whatever is left of its session's group */
}

int
main(int argc, char **argv)
{
	struct options o = {
		.log = "/dev/null",
		.limit_s = 60,
	};
	char byte;
	uint64_t start;
	pid_t pid;

	options_read(&o, argc, argv);
	/* Or another server's answers would be taken for this one's. */
	close(udp_listen(o.port));
	start = clock_ns();
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0)
		become(&o, argv + optind);
	await(&o, pid, start);
	printf("pid=%d\tms=%.2f\n", (int)pid,
	       (double)(clock_ns() - start) / 1e6);
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		continue;
	stop(pid);
	return 0;
}
