#include "resolver/cache_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"

/*
 * cache.state is one line:
 *
 *   placed-cache 1 in-use 2f5d…-…   by the start of the machine with that id
 *   placed-cache 1 whole            whoever comes next may have it
 *   placed-cache 1 spoilt           nobody may
 */
#define STATE_HEAD "placed-cache 1 "
#define STATE_WHOLE STATE_HEAD "whole\n"
#define STATE_SPOILT STATE_HEAD "spoilt\n"
#define STATE_IN_USE STATE_HEAD "in-use "
#define STATE_MAX 128
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define DIR_MODE 0750
#define FILE_MODE 0640

static bool
path_make(char *dst, const char *dir, const char *file)
{
	return snprintf(dst, PATH_MAX, "%s/%s", dir, file) < PATH_MAX;
}

/* The file's text, cut at size; "" if there is none. */
static void
text_read(char *dst, size_t size, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = 0;

	if (fd >= 0) {
		len = read(fd, dst, size - 1);
		close(fd);
	}
	dst[len > 0 ? len : 0] = '\0';
}

/* What cache.state says while this start of the machine uses the file; never
 * equal to anything if the machine does not tell. */
static void
in_use_text(char *dst, size_t size)
{
	char id[64];

	text_read(id, sizeof(id), BOOT_ID);
	id[strcspn(id, "\n")] = '\0';
	snprintf(dst, size, "%s%s\n", STATE_IN_USE, id);
}

static bool
may_be_used(const char *state)
{
	char ours[STATE_MAX];

	in_use_text(ours, sizeof(ours));
	return strcmp(state, STATE_WHOLE) == 0 ||
	       (strcmp(state, ours) == 0 &&
		strlen(ours) > sizeof(STATE_IN_USE));
}

static int
text_sync(const char *path, const char *text)
{
	int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	size_t len = strlen(text);
	int rc = fd < 0 ? errno : 0;
	ssize_t n;

	if (fd < 0)
		return rc;
	n = write(fd, text, len);
	if (n != (ssize_t)len)
		rc = n < 0 ? errno : ENOSPC;
	if (rc == 0 && fsync(fd) != 0)
		rc = errno;
	if (close(fd) != 0 && rc == 0)
		rc = errno;
	return rc;
}

static int
dir_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 && fsync(fd) == 0 ? 0 : errno;

	if (fd >= 0)
		close(fd);
	return rc;
}

/* On disk under its name, as a whole, when it returns 0; else errno. */
static int
state_write(const char *dir, const char *text)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	int rc;

	if (!path_make(path, dir, CACHE_STATE_FILE) ||
	    !path_make(fresh, dir, CACHE_STATE_FILE ".new"))
		return ENAMETOOLONG;
	rc = text_sync(fresh, text);
	if (rc == 0 && rename(fresh, path) != 0)
		rc = errno;
	if (rc == 0)
		rc = dir_sync(dir);
	if (rc != 0)
		(void)unlink(fresh);
	return rc;
}

static enum err
err_of(int rc)
{
	switch (rc) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return ERR_FULL;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_DENIED;
	default:
		return ERR_IO;
	}
}

enum err
cache_file_discard(const char *dir, const char *why, struct diag *d)
{
	char path[PATH_MAX];

	if (!path_make(path, dir, STORE_CACHE_FILE))
		return diag_set(d, ERR_RANGE, "%.64s...: path too long", dir);
	if (unlink(path) == 0) {
		log_notice("cache %s is thrown away and begun again: %s", path,
			   why);
		return ERR_OK;
	}
	if (errno == ENOENT)
		return ERR_OK;
	return diag_set(d, err_of(errno), "cannot remove the cache %s: %s",
			path, strerror(errno));
}

static bool
is_there(const char *dir)
{
	char path[PATH_MAX];

	return path_make(path, dir, STORE_CACHE_FILE) &&
	       access(path, F_OK) == 0;
}

enum err
cache_file_claim(const char *dir, bool *unmarked, struct diag *d)
{
	char path[PATH_MAX], state[STATE_MAX];
	enum err e = ERR_OK;

	*unmarked = false;
	if (!path_make(path, dir, CACHE_STATE_FILE))
		return diag_set(d, ERR_RANGE, "%.64s...: path too long", dir);
	(void)mkdir(dir, DIR_MODE);
	text_read(state, sizeof(state), path);
	if (!may_be_used(state))
		e = cache_file_discard(dir,
				       "the machine stopped while it was in "
				       "use, or it is damaged",
				       d);
	if (e != ERR_OK)
		return e;
	*unmarked = strcmp(state, STATE_WHOLE) == 0 && is_there(dir);
	return *unmarked ? ERR_OK : cache_file_mark(dir, d);
}

enum err
cache_file_mark(const char *dir, struct diag *d)
{
	char state[STATE_MAX];
	int rc;

	in_use_text(state, sizeof(state));
	rc = state_write(dir, state);
	if (rc == 0)
		return ERR_OK;
	return diag_set(d, err_of(rc), "cannot write %s/%s: %s", dir,
			CACHE_STATE_FILE, strerror(rc));
}

void
cache_file_release(const char *dir, bool whole)
{
	(void)state_write(dir, whole ? STATE_WHOLE : STATE_SPOILT);
}
