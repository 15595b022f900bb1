/*
 * A file layer with faults, for LD_PRELOAD: calls that write the store's files
 * (placed.mdb and what begins so) fail when the test says so. The file named by
 * PLACED_FAULTS is mapped and shared with the test, eight numbers of 32 bits:
 *
 *   calls     which: a sum of CALL_…
 *   nth       the how-manieth of them, counted from 1, fails first; 0: none
 *   times     how many fail, in a row
 *   error     what errno says, or FAULT_SHORT: half is written
 *   seen      calls of that kind since the test wrote 0 here
 *   struck    of these, failed
 *   traced    all calls, whatever their kind
 *   exit_at   struck reaches this: the process ends there and then; 0: never
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

enum call {
	CALL_WRITE = 1,	   /* write, pwrite, writev, pwritev: data pages */
	CALL_META = 2,	   /* the same on a descriptor that is O_DSYNC */
	CALL_SYNC = 4,	   /* fdatasync, fsync */
	CALL_TRUNCATE = 8, /* ftruncate */
};

struct faults {
	uint32_t calls, nth, times, error;
	_Atomic uint32_t seen, struck, traced;
	uint32_t exit_at;
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

/* What is to become of this call: 0 (it is made), an errno, FAULT_SHORT. */
static uint32_t
fault_of(int fd, enum call call)
{
	uint32_t number;

	if (faults == NULL || !is_of_store(fd))
		return 0;
	if (call == CALL_WRITE && (fcntl(fd, F_GETFL) & O_DSYNC) != 0)
		call = CALL_META;
	atomic_fetch_add(&faults->traced, 1);
	if ((faults->calls & call) == 0)
		return 0;
	number = atomic_fetch_add(&faults->seen, 1) + 1;
	if (faults->nth == 0 || number < faults->nth ||
	    number - faults->nth >= faults->times)
		return 0;
	if (atomic_fetch_add(&faults->struck, 1) + 1 == faults->exit_at)
		_exit(99);
	return faults->error;
}

static int
fail(uint32_t fault)
{
	/* There is no short fdatasync. */
	errno = fault == FAULT_SHORT ? EIO : (int)fault;
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

ssize_t
write(int fd, const void *data, size_t len)
{
	ssize_t (*next)(int, const void *, size_t) = next_call("write");
	uint32_t fault = fault_of(fd, CALL_WRITE);

	if (fault == FAULT_SHORT)
		return next(fd, data, len / 2);
	return fault == 0 ? next(fd, data, len) : fail(fault);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	ssize_t (*next)(int, const void *, size_t, off_t) = next_call("pwrite");
	uint32_t fault = fault_of(fd, CALL_WRITE);

	if (fault == FAULT_SHORT)
		return next(fd, data, len / 2, at);
	return fault == 0 ? next(fd, data, len, at) : fail(fault);
}

/* Short: half of the parts, or half of the only one. */
ssize_t
writev(int fd, const struct iovec *parts, int count)
{
	ssize_t (*next)(int, const struct iovec *, int) = next_call("writev");
	uint32_t fault = fault_of(fd, CALL_WRITE);
	struct iovec half = parts[0];

	half.iov_len /= 2;
	if (fault == FAULT_SHORT)
		return count > 1 ? next(fd, parts, count / 2)
				 : next(fd, &half, 1);
	return fault == 0 ? next(fd, parts, count) : fail(fault);
}

ssize_t
pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
	ssize_t (*next)(int, const struct iovec *, int, off_t) =
		next_call("pwritev");
	uint32_t fault = fault_of(fd, CALL_WRITE);
	struct iovec half = parts[0];

	half.iov_len /= 2;
	if (fault == FAULT_SHORT)
		return count > 1 ? next(fd, parts, count / 2, at)
				 : next(fd, &half, 1, at);
	return fault == 0 ? next(fd, parts, count, at) : fail(fault);
}

int
fdatasync(int fd)
{
	int (*next)(int) = next_call("fdatasync");
	uint32_t fault = fault_of(fd, CALL_SYNC);

	return fault == 0 ? next(fd) : fail(fault);
}

int
fsync(int fd)
{
	int (*next)(int) = next_call("fsync");
	uint32_t fault = fault_of(fd, CALL_SYNC);

	return fault == 0 ? next(fd) : fail(fault);
}

int
ftruncate(int fd, off_t len)
{
	int (*next)(int, off_t) = next_call("ftruncate");
	uint32_t fault = fault_of(fd, CALL_TRUNCATE);

	return fault == 0 ? next(fd, len) : fail(fault);
}
