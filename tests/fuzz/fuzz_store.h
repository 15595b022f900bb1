/* A store for fuzzers. */
#ifndef PLACED_TESTS_FUZZ_STORE_H
#define PLACED_TESTS_FUZZ_STORE_H

#include "zones/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One store for the whole run, in memory where there is such a place; each
 * input's transaction is aborted, so that each begins with the same store. */
static struct store *
fuzz_store_open(void)
{
	const struct store_options o = {.create = true, .readers = 1};
	char dir[] = "/dev/shm/placed-fuzz-XXXXXX";
	char tmp[] = "/tmp/placed-fuzz-XXXXXX";
	char path[64];
	struct store *store;
	const char *made = mkdtemp(dir);

	if (made == NULL)
		made = mkdtemp(tmp);
	must(made != NULL);
	must(store_open(&store, made, &o, NULL) == ERR_OK);
	/* open files stay until we end; nothing else is left behind */
	for (const char *const *f =
		     (const char *const[]){STORE_FILE, STORE_FILE "-lock",
					   NULL};
	     *f != NULL; f++) {
		must(strlen(made) + strlen(*f) + 2 < sizeof(path));
		strcpy(path, made);
		strcat(path, "/");
		strcat(path, *f);
		unlink(path);
	}
	rmdir(made);
	return store;
}

#endif
