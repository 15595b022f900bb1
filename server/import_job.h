/*
 * Imports in the running server: a seed of an empty zone from its file, or a
 * set that placectl has handed over. Runs on the calling thread (not a
 * worker's, not the writer's) and sends its slices through the writer.
 */
#ifndef PLACED_SERVER_IMPORT_JOB_H
#define PLACED_SERVER_IMPORT_JOB_H

#include "server/served.h"
#include "server/writer.h"
#include "zones/import.h"

/* Which zones are being imported now. Thread-safe; outlives those who use it.
 */
struct import_jobs;
struct import_jobs *import_jobs_new(void);	 /* NULL: memory */
void import_jobs_free(struct import_jobs *jobs); /* NULL is fine */

/* What a process that was killed left half built is given up, so that the
 * writer erases it. The seeder sees to it at start; later calls do nothing. */
enum err import_jobs_recover(struct import_jobs *jobs, struct writer *w,
			     struct diag *d);

struct import_outcome {
	uint32_t serial;
	size_t removed, added, kept;
	bool built; /* by slices */
};

/*
 * Makes the difference in the store, compared anew inside the transaction. One
 * import a zone at a time: ERR_BUSY. The set must be finished, limits outlive
 * the call. who: "file lounge.zone" or "placectl". A failure leaves the zone as
 * it was.
 */
enum err import_job_run(struct import_jobs *jobs, struct store *store,
			struct writer *w, const struct import_set *set,
			bool replace, const struct edit_limits *limits,
			const char *who, struct import_outcome *out,
			struct diag *d);

/*
 * Seeds every zone of served that is not in the store yet, on a thread of its
 * own: from its file, or, where it has none, with an SOA and an NS that point
 * to the apex itself, so that nsupdate can fill it. done(arg) is called on that
 * thread at the end. A file that cannot be taken is logged, its zone stays
 * unready (SERVFAIL), the rest goes on. Holds a reference to served meanwhile.
 */
struct seeder;
struct seeder *seeder_start(struct import_jobs *jobs, struct store *store,
			    struct writer *w, struct served *served,
			    void (*done)(void *arg, unsigned failed),
			    void *arg);

/* Breaks off what is still to be read, and waits for the thread. NULL is fine.
 */
void seeder_join(struct seeder *s);

#endif
