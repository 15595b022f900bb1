/*
 * CPU time and memory of a server, all processes of its session taken
 * together, and what else ran on the machine meanwhile: from /proc.
 */
#ifndef PLACED_TESTS_BENCH_METER_H
#define PLACED_TESTS_BENCH_METER_H

#include <stdint.h>

struct meter {
	uint64_t wall_ns;
	uint64_t user_us, system_us; /* of the session */
	uint64_t client_us;	     /* of this process */
	uint64_t busy_us, steal_us;  /* of all CPUs together */
	uint64_t core_us;	     /* of the server's CPU, interrupts too */
	uint64_t anonymous_kb, resident_kb; /* of the session */
};

/* session 0: none. cpu: the server's. */
void meter_read(struct meter *m, int session, int cpu);

/* What happened between two readings, as key=value, tabs before each: user and
 * system time and busy core per answer, in us; private and resident MB; share
 * of the server's CPU; CPU time of others and time stolen by the host, both in
 * CPUs. In 'foreign' an other client of the same measurement counts too. */
void meter_print(const struct meter *from, const struct meter *to,
		 uint64_t answers);

#endif
