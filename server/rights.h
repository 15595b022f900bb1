/*
 * Giving up root: after the sockets are bound and before anything from
 * outside is read, the process becomes `user:` for good.
 */
#ifndef PLACED_SERVER_RIGHTS_H
#define PLACED_SERVER_RIGHTS_H

#include "lib/base.h"

/* ERR_NOTFOUND if there is no such user. NULL: nobody is to be become. */
enum err rights_check_user(const char *user, struct diag *d);

/*
 * Makes dir if it is not there and gives it to user, so that the store can be
 * made in it later. So is an empty one given that root has made and owns; one
 * with something in it stays as it is. user NULL: dir is made as it would be
 * anyway.
 */
enum err rights_prepare_dir(const char *dir, const char *user, struct diag *d);

/*
 * Becomes user (its uid, gid and supplementary groups). NULL, or a user we
 * are already: nothing to do. ERR_NOTFOUND, ERR_DENIED.
 */
enum err rights_give_up(const char *user, struct diag *d);

#endif
