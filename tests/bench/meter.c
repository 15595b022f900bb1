#include "meter.h"

#include "bench.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* The fields of /proc/PID/stat after the name, which may hold anything. */
static int
stat_read(const char *path, int *session, unsigned long *user,
	  unsigned long *system)
{
	char text[1024], *fields;
	FILE *file = fopen(path, "r");
	size_t n;

	if (file == NULL)
		return -1;
	n = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	text[n] = '\0';
	fields = strrchr(text, ')');
	if (fields == NULL ||
	    sscanf(fields + 1,
		   " %*c %*d %*d %d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		   session, user, system) != 3)
		return -1;
	return 0;
}

static void
memory_add(struct meter *m, const char *path)
{
	char line[256];
	unsigned long kb;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return;
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "Rss: %lu", &kb) == 1)
			m->resident_kb += kb;
		else if (sscanf(line, "Pss_Anon: %lu", &kb) == 1)
			m->anonymous_kb += kb;
	}
	fclose(file);
}

static void
session_add(struct meter *m, int session, uint64_t tick_us)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc != NULL && (entry = readdir(proc)) != NULL) {
		char path[300];
		int of;
		unsigned long user, system;

		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		if (stat_read(path, &of, &user, &system) < 0 || of != session)
			continue;
		m->user_us += user * tick_us;
		m->system_us += system * tick_us;
		snprintf(path, sizeof path, "/proc/%s/smaps_rollup",
			 entry->d_name);
		memory_add(m, path);
	}
	if (proc != NULL)
		closedir(proc);
}

static void
cpus_read(struct meter *m, int cpu, uint64_t tick_us)
{
	char line[512], wanted[16];
	FILE *file = fopen("/proc/stat", "r");

	snprintf(wanted, sizeof wanted, "cpu%d", cpu);
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		/* user nice system idle iowait irq softirq steal */
		unsigned long v[8];
		char name[16];
		uint64_t busy;

		if (sscanf(line, "%15s %lu %lu %lu %lu %lu %lu %lu %lu", name,
			   v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6,
			   v + 7) != 9)
			continue;
		busy = (v[0] + v[1] + v[2] + v[5] + v[6]) * tick_us;
		if (strcmp(name, "cpu") == 0) {
			m->busy_us = busy;
			m->steal_us = v[7] * tick_us;
		} else if (strcmp(name, wanted) == 0) {
			m->core_us = busy;
		}
	}
	if (file != NULL)
		fclose(file);
}

static uint64_t
time_us(struct timeval t)
{
	return (uint64_t)t.tv_sec * 1000000U + (uint64_t)t.tv_usec;
}

void
meter_read(struct meter *m, int session, int cpu)
{
	uint64_t tick_us = 1000000U / (uint64_t)sysconf(_SC_CLK_TCK);
	struct rusage own;

	memset(m, 0, sizeof *m);
	if (session > 0)
		session_add(m, session, tick_us);
	cpus_read(m, cpu, tick_us);
	getrusage(RUSAGE_SELF, &own);
	m->client_us = time_us(own.ru_utime) + time_us(own.ru_stime);
	m->wall_ns = clock_ns();
}

void
meter_print(const struct meter *from, const struct meter *to, uint64_t answers)
{
	double us = (double)(to->wall_ns - from->wall_ns) / 1e3;
	double n = answers > 0 ? (double)answers : 1;
	double user = (double)(to->user_us - from->user_us);
	double system = (double)(to->system_us - from->system_us);
	double core = (double)(to->core_us - from->core_us);
	double foreign = (double)(to->busy_us - from->busy_us) - user - system -
			 (double)(to->client_us - from->client_us);

	printf("\tuser_us=%.3f\tsystem_us=%.3f\tcore_us=%.3f", user / n,
	       system / n, core / n);
	printf("\tprivate_mb=%.1f\tresident_mb=%.1f",
	       (double)to->anonymous_kb / 1024, (double)to->resident_kb / 1024);
	printf("\tserver_share=%.3f\tforeign=%.3f\tsteal=%.3f", core / us,
	       foreign > 0 ? foreign / us : 0,
	       (double)(to->steal_us - from->steal_us) / us);
}
