#include "server/rights.h"

#include <errno.h>
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
rights_prepare_dir(const char *dir, const char *user, struct diag *d)
{
	const struct passwd *pw = NULL;

	if (user != NULL) {
		pw = user_find(user, d);
		if (pw == NULL)
			return ERR_NOTFOUND;
	}
	if (mkdir(dir, 0750) < 0) {
		if (errno == EEXIST)
			return ERR_OK;
		return diag_set(d, errno == EACCES ? ERR_DENIED : ERR_IO,
				"cannot make the store's directory %s: %s", dir,
				strerror(errno));
	}
	if (pw != NULL && geteuid() == 0 &&
	    chown(dir, pw->pw_uid, pw->pw_gid) < 0)
		return diag_set(d, ERR_IO, "cannot give %s to %s: %s", dir,
				user, strerror(errno));
	return ERR_OK;
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
