/*
 * Room in the file ahead of need. When a file grows, fdatasync() has to bring
 * its new size to the disk, too: a commit of the file system's own journal,
 * with the same waiting as for the data again. An update needs about a page of
 * new room, so each one would pay that. The file grows in steps instead, which
 * must be written: room that is only reserved costs the same when it is used.
 */
#include "zones/store_internal.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define ROOM_MIN (64u << 10) /* octets */
#define ROOM_STEP (256u << 10)

/* The file, its size, and what the last commit uses of it; false: unknown. */
static bool
file_measure(struct store *s, int *fd, uint64_t *size, uint64_t *used)
{
	MDB_envinfo info;
	MDB_stat stat;
	struct stat st;

	if (mdb_env_get_fd(s->env, fd) != 0 || fstat(*fd, &st) != 0 ||
	    mdb_env_info(s->env, &info) != 0 ||
	    mdb_env_stat(s->env, &stat) != 0)
		return false;
	*size = (uint64_t)st.st_size;
	*used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
	return true;
}

/* What goes wrong here goes wrong again where it matters. */
void
store_room_make(struct store *s)
{
	static uint8_t nothing[16 << 10];
	struct iovec step[ROOM_STEP / sizeof(nothing)];
	struct rlimit limit;
	uint64_t size, used;
	ssize_t n;
	int fd;

	if (s->kind == STORE_OF_CACHE) /* not synced, and has its own limit */
		return;
	if (!file_measure(s, &fd, &size, &used) || size >= used + ROOM_MIN)
		return;
	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 ||
	    limit.rlim_cur < size + ROOM_STEP)
		return;
	for (size_t i = 0; i < ARRAY_LEN(step); i++)
		step[i] = (struct iovec){nothing, sizeof(nothing)};
	n = pwritev(fd, step, ARRAY_LEN(step), (off_t)size);
	if (n > 0)
		s->room_end = size + (uint64_t)n;
}

void
store_room_give_back(struct store *s)
{
	uint64_t size, used;
	int fd;

	if (s->room_end != 0 && file_measure(s, &fd, &size, &used) &&
	    size == s->room_end && used < size &&
	    ftruncate(fd, (off_t)used) != 0)
		return; /* it is room for the next time, then */
}
