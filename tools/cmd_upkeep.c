/* placectl backup, placectl reload, placectl stop */
#include "lib/conf.h"
#include "tools/ctl.h"
#include "zones/store.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- backup -------------------------------------------------------------- */

/* A path from the root on: the server stands in another folder. */
static enum ctl_exit
backup_path(const struct ctl *c, char *dst, size_t cap)
{
	const char *dir = c->operand[0];
	char here[PATH_MAX];
	json_t *utf8 = json_string(dir);
	int n;

	if (utf8 == NULL)
		return ctl_misused(c, "the folder's name is not UTF-8");
	json_decref(utf8);
	if (dir[0] == '/')
		n = snprintf(dst, cap, "%s", dir);
	else if (getcwd(here, sizeof(here)) == NULL)
		return ctl_refuse(c, "this folder: %s", strerror(errno));
	else
		n = snprintf(dst, cap, "%s/%s", here, dir);
	if (n < 0 || (size_t)n >= cap)
		return ctl_refuse(c, "%s: too long", dir);
	return CTL_DONE;
}

/* Nobody serves the store: its files are ours to read. */
static enum ctl_exit
backup_offline(const struct ctl *c, const char *dir)
{
	const struct store_options o = {.readers = 2, .read_only = true};
	struct conf *conf;
	struct store *store;
	struct diag d = {0};
	enum err e;

	conf = conf_read(c->conf, &d);
	if (conf == NULL)
		return ctl_refuse(c, "%s", d.text);
	e = store_open(&store, conf->store, &o, &d);
	conf_free(conf);
	if (e != ERR_OK)
		return ctl_refuse(c, "%s", d.text);
	e = store_backup(store, dir, &d);
	store_close(store);
	if (e != ERR_OK)
		return ctl_refuse(c, "%s", d.text);
	if (c->json)
		puts("{\"ok\":true}");
	return CTL_DONE;
}

enum ctl_exit
cmd_backup(struct ctl *c)
{
	char dir[PATH_MAX];
	enum ctl_exit status = backup_path(c, dir, sizeof(dir));
	bool absent = false;
	json_t *request;

	if (status == CTL_DONE)
		status = ctl_connect(c, c->socket == NULL ? &absent : NULL);
	if (status != CTL_DONE)
		return status;
	if (absent)
		return backup_offline(c, dir);
	request = ctl_request(c);
	json_object_set_new(request, "dir", json_string(dir));
	return ctl_call(c, request, -1, NULL, NULL);
}

/* --- reload -------------------------------------------------------------- */

enum ctl_exit
cmd_reload(struct ctl *c)
{
	return ctl_call(c, ctl_request(c), -1, NULL, NULL);
}

/* --- stop ---------------------------------------------------------------- */

#define STOP_PATIENCE_MS 60000

/* The process at the other end, so that its end can be waited for; -1 if that
 * cannot be told (another container). */
static int
stop_watch(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
	    peer.pid <= 0)
		return -1;
	return pidfd_open(peer.pid, 0);
}

/* Until the process has ended or, where it cannot be watched, has hung up. */
static enum ctl_exit
stop_wait(const struct ctl *c, int process)
{
	struct pollfd p = {
		.fd = process >= 0 ? process : c->fd,
		.events = POLLIN,
	};
	int n;

	do
		n = poll(&p, 1, STOP_PATIENCE_MS);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return ctl_refuse(c, "the server was told to stop and has not "
				     "within a minute");
	return CTL_DONE;
}

enum ctl_exit
cmd_stop(struct ctl *c)
{
	enum ctl_exit status = ctl_connect(c, NULL);
	int process;

	if (status != CTL_DONE)
		return status;
	process = stop_watch(c->fd);
	status = ctl_call(c, ctl_request(c), -1, NULL, NULL);
	if (status == CTL_DONE)
		status = stop_wait(c, process);
	if (process >= 0)
		close(process);
	return status;
}
