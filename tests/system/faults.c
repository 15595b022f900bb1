/*
 * A file layer with faults, for LD_PRELOAD: calls that write the store's files
 * (placed.mdb and what begins so) fail when the test says so. The file named by
 * PLACED_FAULTS is mapped and shared with the test, six numbers of 32 bits:
 *
 *   calls     which: a sum of CALL_…
 *   nth       the how-manieth of them, counted from 1, fails first; 0: none
 *   times     how many fail, in a row
 *   error     what errno says; FAULT_SHORT: half is written; FAULT_LATE: all
 *             is written, and EIO is said all the same
 *   seen      calls of that kind since the test wrote 0 here
 *   struck    of these, failed
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define STORE_FILE "placed.mdb"
#define FAULT_SHORT 1000
#define FAULT_LATE 1001

enum call {
	CALL_WRITE = 1,	   /* write, pwrite, writev, pwritev: data pages */
	CALL_META = 2,	   /* the same on a descriptor that is O_DSYNC */
	CALL_SYNC = 4,	   /* fdatasync, fsync */
	CALL_TRUNCATE = 8, /* ftruncate */
};

struct faults {
	uint32_t calls, nth, times, error;
	_Atomic uint32_t seen, struck;
};

static struct faults *faults;

__attribute__((constructor)) static void
faults_open(void)
{
	const char *path = getenv("PLACED_FAULTS");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map;

	if (fd < 0)
		return;
	map = mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, 0);
	close(fd);
	if (map != MAP_FAILED)
		faults = map;
}

static bool
is_of_store(int fd)
{
	char link[32], path[4096];
	const char *name;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0)
		return false;
	path[len] = '\0';
	name = strrchr(path, '/');
	return name != NULL &&
	       strncmp(name + 1, STORE_FILE, sizeof(STORE_FILE) - 1) == 0;
}

/* What is to become of this call: 0 (it is made), an errno, FAULT_…. */
static uint32_t
fault_of(int fd, enum call call)
{
	uint32_t number;

	if (faults == NULL || !is_of_store(fd))
		return 0;
	if (call == CALL_WRITE && (fcntl(fd, F_GETFL) & O_DSYNC) != 0)
		call = CALL_META;
	if ((faults->calls & call) == 0)
		return 0;
	number = atomic_fetch_add(&faults->seen, 1) + 1;
	if (faults->nth == 0 || number < faults->nth ||
	    number - faults->nth >= faults->times)
		return 0;
	atomic_fetch_add(&faults->struck, 1);
	return faults->error;
}

/* The end of a call that was to fail and has returned `done`, if it was made:
 * a short one is what it is, and one that failed by itself has. */
static ssize_t
fail(uint32_t fault, ssize_t done)
{
	if (fault == FAULT_SHORT || done < 0)
		return done;
	errno = fault == FAULT_LATE ? EIO : (int)fault;
	return -1;
}

static int
fail_sync(uint32_t fault, int done)
{
	/* There is no short fdatasync. */
	if (done == 0)
		errno = fault == FAULT_LATE || fault == FAULT_SHORT
				? EIO
				: (int)fault;
	return -1;
}

static void *
next_call(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (f == NULL)
		abort();
	return f;
}

/* Of what is to be written, how much is in spite of the fault. */
static size_t
part_of(uint32_t fault, size_t len)
{
	return fault == FAULT_SHORT ? len / 2 : len;
}

static bool
is_made(uint32_t fault)
{
	return fault == 0 || fault == FAULT_SHORT || fault == FAULT_LATE;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	ssize_t (*next)(int, const void *, size_t) = next_call("write");
	uint32_t fault = fault_of(fd, CALL_WRITE);
	ssize_t done = 0;

	if (is_made(fault))
		done = next(fd, data, part_of(fault, len));
	return fault == 0 ? done : fail(fault, done);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	ssize_t (*next)(int, const void *, size_t, off_t) = next_call("pwrite");
	uint32_t fault = fault_of(fd, CALL_WRITE);
	ssize_t done = 0;

	if (is_made(fault))
		done = next(fd, data, part_of(fault, len), at);
	return fault == 0 ? done : fail(fault, done);
}

/* Half of the parts, or half of the only one. */
static int
halve(uint32_t fault, struct iovec *first, int count)
{
	if (fault != FAULT_SHORT)
		return count;
	if (count == 1)
		first->iov_len /= 2;
	return count == 1 ? 1 : count / 2;
}

ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	ssize_t (*next)(int, const struct iovec *, int) = next_call("writev");
	uint32_t fault = fault_of(fd, CALL_WRITE);
	struct iovec first = parts[0];
	ssize_t done = 0;

	count = halve(fault, &first, count);
	if (is_made(fault))
		done = next(fd, count == 1 ? &first : parts, count);
	return fault == 0 ? done : fail(fault, done);
}

ssize_t
pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
	ssize_t (*next)(int, const struct iovec *, int, off_t) =
		next_call("pwritev");
	uint32_t fault = fault_of(fd, CALL_WRITE);
	struct iovec first = parts[0];
	ssize_t done = 0;

	count = halve(fault, &first, count);
	if (is_made(fault))
		done = next(fd, count == 1 ? &first : parts, count, at);
	return fault == 0 ? done : fail(fault, done);
}

int
fdatasync(int fd)
{
	int (*next)(int) = next_call("fdatasync");
	uint32_t fault = fault_of(fd, CALL_SYNC);
	int done = is_made(fault) ? next(fd) : 0;

	return fault == 0 ? done : fail_sync(fault, done);
}

int
fsync(int fd)
{
	int (*next)(int) = next_call("fsync");
	uint32_t fault = fault_of(fd, CALL_SYNC);
	int done = is_made(fault) ? next(fd) : 0;

	return fault == 0 ? done : fail_sync(fault, done);
}

int
ftruncate(int fd, off_t len)
{
	int (*next)(int, off_t) = next_call("ftruncate");
	uint32_t fault = fault_of(fd, CALL_TRUNCATE);
	int done = is_made(fault) ? next(fd, len) : 0;

	return fault == 0 ? done : fail_sync(fault, done);
}
