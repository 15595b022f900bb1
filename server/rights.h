/*
 * Giving up root: after the sockets are bound and before anything from
 * outside is read, the process becomes `user:` for good.
 */
#ifndef PLACED_SERVER_RIGHTS_H
#define PLACED_SERVER_RIGHTS_H

#include "lib/base.h"

/*
 * Makes dir if it is not there and gives what this made to user, so that the
 * store can be made in it later. user NULL: dir is made as it would be anyway.
 */
enum err rights_prepare_dir(const char *dir, const char *user, struct diag *d);

/*
 * Becomes user (its uid, gid and supplementary groups). NULL, or a user we
 * are already: nothing to do. ERR_NOTFOUND, ERR_DENIED.
 */
enum err rights_give_up(const char *user, struct diag *d);

#endif
