#include "server/control.h"

#include "lib/log.h"
#include "server/control_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONTROL_BACKLOG 16
#define CONTROL_PAUSE_MS 1000 /* before accepting again when short */

/* --- the socket ---------------------------------------------------------- */

static enum err
control_errno(struct diag *d, const char *path, const char *what)
{
	enum err e = errno == EACCES || errno == EPERM ? ERR_DENIED
		     : errno == EADDRINUSE	       ? ERR_BUSY
						       : ERR_IO;

	return diag_set(d, e, "control socket %s: %s: %s", path, what,
			strerror(errno));
}

static enum err
control_address(struct sockaddr_un *a, const char *path, struct diag *d)
{
	size_t len = strlen(path);

	if (len >= sizeof(a->sun_path))
		return diag_set(d, ERR_RANGE,
				"control socket %s: the path has %zu octets, "
				"more than the %zu that a socket's may have",
				path, len, sizeof(a->sun_path) - 1);
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, len + 1);
	return ERR_OK;
}

/* The socket there is left over from a server that is gone: nobody answers. */
static enum err
control_clear_stale(const struct sockaddr_un *a, struct diag *d)
{
	const char *path = a->sun_path;
	struct stat st;
	int fd, error;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? ERR_OK
				       : control_errno(d, path, "stat");
	if (!S_ISSOCK(st.st_mode))
		return diag_set(d, ERR_EXISTS,
				"control socket %s: something else than a "
				"socket is there",
				path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return control_errno(d, path, "socket");
	error = connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0
			? 0
			: errno;
	close(fd);
	if (error == ECONNREFUSED)
		return unlink(path) == 0 ? ERR_OK
					 : control_errno(d, path, "unlink");
	if (error != 0 && error != EAGAIN) {
		errno = error;
		return control_errno(d, path, "connect");
	}
	return diag_set(d, ERR_BUSY,
			"control socket %s: another server answers there",
			path);
}

/* /run is empty after a boot: the one folder below it is ours to make. */
static enum err
control_make_folder(const char *path, const struct passwd *owner,
		    struct diag *d)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return ERR_OK;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = '\0';
	if (mkdir(folder, 0755) != 0)
		return errno == EEXIST ? ERR_OK
				       : control_errno(d, path, "mkdir");
	if (owner != NULL && chown(folder, owner->pw_uid, owner->pw_gid) != 0)
		return control_errno(d, path, "chown of its folder");
	return ERR_OK;
}

/* Mode 0600 until the mode is as it should be. The mode comes first: to change
 * it on what is another's would take CAP_FOWNER. */
static enum err
control_bind_at(int fd, const struct sockaddr_un *a, unsigned mode,
		const struct passwd *owner, struct diag *d)
{
	const char *path = a->sun_path;
	mode_t old = umask(0177);
	int r = bind(fd, (const struct sockaddr *)a, sizeof(*a));

	umask(old);
	if (r != 0)
		return control_errno(d, path, "bind");
	if (chmod(path, (mode_t)mode) != 0)
		return control_errno(d, path, "chmod");
	if (owner != NULL && chown(path, owner->pw_uid, owner->pw_gid) != 0)
		return control_errno(d, path, "chown");
	if (listen(fd, CONTROL_BACKLOG) != 0)
		return control_errno(d, path, "listen");
	return ERR_OK;
}

enum err
control_bind(int *fd, const char *path, unsigned mode, const char *user,
	     struct diag *d)
{
	const struct passwd *owner = user == NULL ? NULL : getpwnam(user);
	struct sockaddr_un a;
	enum err e;

	*fd = -1;
	if (user != NULL && owner == NULL)
		return diag_set(d, ERR_NOTFOUND, "there is no user %s", user);
	e = control_address(&a, path, d);
	if (e == ERR_OK)
		e = control_make_folder(path, owner, d);
	if (e == ERR_OK)
		e = control_clear_stale(&a, d);
	if (e != ERR_OK)
		return e;
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return control_errno(d, path, "socket");
	e = control_bind_at(*fd, &a, mode, owner, d);
	if (e != ERR_OK) {
		close(*fd);
		*fd = -1;
	}
	return e;
}

/* --- conversations ------------------------------------------------------- */

enum slot_state {
	SLOT_FREE,
	SLOT_TALKING,
	SLOT_ENDED, /* its thread is to be joined */
};

struct slot {
	struct control *control;
	enum slot_state state;
	int fd; /* -1 once closed */
	pthread_t thread;
};

struct control {
	struct control_server server;
	char *path;
	int fd;
	struct event_watch *watch; /* of fd, or the timer of a pause */
	pthread_mutex_t lock;	   /* of slots' state and fd */
	struct slot slots[CONTROL_CONVERSATIONS];
};

static void *
control_converse(void *arg)
{
	struct slot *slot = arg;
	struct control *c = slot->control;

	control_talk_run(&c->server, slot->fd);
	pthread_mutex_lock(&c->lock);
	close(slot->fd);
	slot->fd = -1;
	slot->state = SLOT_ENDED;
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* A slot that nobody talks in, or NULL. */
static struct slot *
control_slot(struct control *c)
{
	struct slot *found = NULL;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < ARRAY_LEN(c->slots) && found == NULL; i++)
		if (c->slots[i].state != SLOT_TALKING)
			found = &c->slots[i];
	pthread_mutex_unlock(&c->lock);
	if (found != NULL && found->state == SLOT_ENDED) {
		pthread_join(found->thread, NULL);
		found->state = SLOT_FREE;
	}
	return found;
}

/* Signals are main's. */
static int
control_spawn(struct slot *slot)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&slot->thread, NULL, control_converse, slot);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return error;
}

static void
control_admit(struct control *c, int fd)
{
	const struct timeval patience = {.tv_sec = CONTROL_TIMEOUT};
	struct slot *slot = control_slot(c);

	if (slot == NULL) {
		control_talk_refuse(fd, "busy: too many conversations go on "
					"at once");
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	slot->fd = fd;
	slot->state = SLOT_TALKING;
	if (control_spawn(slot) == 0)
		return;
	slot->state = SLOT_FREE;
	control_talk_refuse(fd, "busy: no thread can be made");
	close(fd);
}

static void control_on_readable(void *arg);

static void
control_resume(void *arg)
{
	struct control *c = arg;

	event_unwatch(c->watch);
	c->watch =
		event_readable(c->server.loop, c->fd, control_on_readable, c);
}

/* Out of descriptors or memory: the loop must not spin on what cannot be
 * accepted. */
static void
control_pause(struct control *c)
{
	log_error("control socket: accept: %s", strerror(errno));
	event_unwatch(c->watch);
	c->watch = event_timer(c->server.loop, CONTROL_PAUSE_MS, false,
			       control_resume, c);
}

static void
control_on_readable(void *arg)
{
	struct control *c = arg;

	for (;;) {
		int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0) {
			control_admit(c, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			control_pause(c);
		return;
	}
}

struct control *
control_start(const struct control_server *server, int fd, const char *path)
{
	struct control *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	json_object_seed(0);
	c->server = *server;
	c->path = strdup(path);
	c->fd = fd;
	for (size_t i = 0; i < ARRAY_LEN(c->slots); i++)
		c->slots[i] = (struct slot){.control = c, .fd = -1};
	pthread_mutex_init(&c->lock, NULL);
	c->watch = event_readable(server->loop, fd, control_on_readable, c);
	if (c->path == NULL || c->watch == NULL) {
		event_unwatch(c->watch);
		pthread_mutex_destroy(&c->lock);
		free(c->path);
		free(c);
		return NULL;
	}
	return c;
}

/* Hanging up wakes a conversation that waits for its peer; one that works
 * finds out when it answers. */
static void
control_hang_up(struct control *c)
{
	bool used[ARRAY_LEN(c->slots)] = {false};

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < ARRAY_LEN(c->slots); i++) {
		used[i] = c->slots[i].state != SLOT_FREE;
		if (c->slots[i].fd >= 0)
			shutdown(c->slots[i].fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < ARRAY_LEN(c->slots); i++)
		if (used[i])
			pthread_join(c->slots[i].thread, NULL);
}

void
control_stop(struct control *c)
{
	event_unwatch(c->watch);
	/* May not be ours to remove once root is given up; then it is stale,
	 * and the next start replaces it. While it is still open nobody else
	 * can have taken its place. */
	unlink(c->path);
	close(c->fd);
	control_hang_up(c);
	pthread_mutex_destroy(&c->lock);
	free(c->path);
	free(c);
}
