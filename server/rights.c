#include "server/rights.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct passwd *
user_find(const char *user, struct diag *d)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL)
		diag_set(d, ERR_NOTFOUND,
			 "user \"%s\" does not exist; create it, or change "
			 "`user:`",
			 user);
	return pw;
}

enum err
rights_check_user(const char *user, struct diag *d)
{
	if (user == NULL || user_find(user, d) != NULL)
		return ERR_OK;
	return ERR_NOTFOUND;
}

static bool
dir_is_empty(int fd)
{
	int copy = dup(fd);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry;
	bool empty = dir != NULL;

	if (dir == NULL) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	while (empty && (entry = readdir(dir)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 ||
			strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	return empty;
}

/* Only root may give away, and only what is root's and holds nothing. What
 * cannot be opened is for store_open() to complain of. */
static enum err
dir_give(const char *dir, const char *user, const struct passwd *pw,
	 struct diag *d)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum err e = ERR_OK;
	struct stat st;

	if (fd < 0)
		return ERR_OK;
	if (fstat(fd, &st) == 0 && st.st_uid == 0 && dir_is_empty(fd) &&
	    fchown(fd, pw->pw_uid, pw->pw_gid) < 0)
		e = diag_set(d, ERR_IO, "cannot give %s to %s: %s", dir, user,
			     strerror(errno));
	close(fd);
	return e;
}

enum err
rights_prepare_dir(const char *dir, const char *user, struct diag *d)
{
	const struct passwd *pw = NULL;

	if (user != NULL) {
		pw = user_find(user, d);
		if (pw == NULL)
			return ERR_NOTFOUND;
	}
	if (mkdir(dir, 0750) < 0 && errno != EEXIST)
		return diag_set(d, errno == EACCES ? ERR_DENIED : ERR_IO,
				"cannot make the store's directory %s: %s", dir,
				strerror(errno));
	if (pw == NULL || geteuid() != 0)
		return ERR_OK;
	return dir_give(dir, user, pw, d);
}

enum err
rights_give_up(const char *user, struct diag *d)
{
	const struct passwd *pw;

	if (user == NULL)
		return ERR_OK;
	pw = user_find(user, d);
	if (pw == NULL)
		return ERR_NOTFOUND;
	if (geteuid() == pw->pw_uid && getegid() == pw->pw_gid)
		return ERR_OK;
	if (initgroups(user, pw->pw_gid) < 0 || setgid(pw->pw_gid) < 0 ||
	    setuid(pw->pw_uid) < 0)
		return diag_set(d, ERR_DENIED,
				"cannot become user %s: %s; start as root, or "
				"take `user:` out",
				user, strerror(errno));
	must(pw->pw_uid == 0 || setuid(0) < 0);
	return ERR_OK;
}
