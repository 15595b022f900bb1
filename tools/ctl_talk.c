/* The talk with the server: a request, its answer line by line. */
#include "lib/conf.h"
#include "tools/ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TALK_PIECE 65536 /* octets received at once */

/* --- finding the server -------------------------------------------------- */

static enum ctl_exit
talk_address(const struct ctl *c, const char *path, struct sockaddr_un *a)
{
	size_t len = strlen(path);

	if (len >= sizeof(a->sun_path))
		return ctl_refuse(c, "%s: too long for a socket's path", path);
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	memcpy(a->sun_path, path, len + 1);
	return CTL_DONE;
}

/* Where -s or the configuration says that the socket is. */
static enum ctl_exit
talk_find(const struct ctl *c, struct sockaddr_un *a)
{
	enum ctl_exit status;
	struct conf *conf;
	struct diag d;

	if (c->socket != NULL)
		return talk_address(c, c->socket, a);
	conf = conf_read(c->conf, &d);
	if (conf == NULL)
		return ctl_refuse(c, "%s%s", d.text,
				  c->conf_given
					  ? ""
					  : "\n(-c FILE names another "
					    "configuration, -s SOCKET the "
					    "server's socket)");
	status = talk_address(c, conf->control, a);
	conf_free(conf);
	return status;
}

static enum ctl_exit
talk_no_server(const struct ctl *c, const char *path, int error)
{
	if (error == ENOENT || error == ECONNREFUSED)
		return ctl_refuse(c,
				  "no server answers at %s (is placed "
				  "running? -c FILE and -s SOCKET name "
				  "another)",
				  path);
	if (error == EACCES || error == EPERM)
		return ctl_refuse(c,
				  "no right to talk to the server at %s: who "
				  "owns it or is in its group may",
				  path);
	return ctl_refuse(c, "%s: %s", path, strerror(error));
}

enum ctl_exit
ctl_connect(struct ctl *c, bool *absent)
{
	struct sockaddr_un a;
	enum ctl_exit status;
	int fd, error;

	if (absent != NULL)
		*absent = false;
	if (c->fd >= 0)
		return CTL_DONE;
	status = talk_find(c, &a);
	if (status != CTL_DONE)
		return status;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ctl_refuse(c, "socket: %s", strerror(errno));
	if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) == 0) {
		c->fd = fd;
		return CTL_DONE;
	}
	error = errno;
	close(fd);
	if (absent != NULL && (error == ENOENT || error == ECONNREFUSED)) {
		*absent = true;
		return CTL_DONE;
	}
	return talk_no_server(c, a.sun_path, error);
}

/* --- a request ----------------------------------------------------------- */

json_t *
ctl_request(const struct ctl *c)
{
	return json_pack("{s:s}", "command", c->command->name);
}

/* The first octets, with the descriptor if there is one. */
static ssize_t
talk_send_some(int to, const char *octets, size_t len, int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr aligned;
	} control = {0};
	struct iovec iov = {.iov_base = (void *)octets, .iov_len = len};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *h;

		m.msg_control = &control;
		m.msg_controllen = sizeof(control.room);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(int));
	}
	return sendmsg(to, &m, MSG_NOSIGNAL);
}

/* A server that has hung up may have said why: that is for who reads. */
static void
talk_send(int to, const char *octets, size_t len, int fd)
{
	while (len > 0) {
		ssize_t n = talk_send_some(to, octets, len, fd);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		octets += n;
		len -= (size_t)n;
		fd = -1;
	}
}

/* --- an answer ----------------------------------------------------------- */

struct answer {
	char *octets;
	size_t len, room;
	size_t line;	/* where the next line begins */
	size_t scanned; /* up to here there is no end of it */
};

static bool
answer_receive(struct answer *a, int fd)
{
	ssize_t n;

	if (a->line > 0) {
		a->len -= a->line;
		a->scanned -= a->line;
		memmove(a->octets, a->octets + a->line, a->len);
		a->line = 0;
	}
	if (a->room - a->len < TALK_PIECE) {
		size_t room = 2 * a->room + TALK_PIECE;
		char *octets = realloc(a->octets, room);

		if (octets == NULL)
			return false;
		a->octets = octets;
		a->room = room;
	}
	do
		n = recv(fd, a->octets + a->len, TALK_PIECE, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	a->len += (size_t)n;
	return true;
}

/* The next line, its end cut off; it holds until the next call. NULL: the
 * server has hung up. */
static char *
answer_line(struct answer *a, int fd)
{
	char *end, *line;

	for (;;) {
		end = a->len == a->scanned ? NULL
					   : memchr(a->octets + a->scanned,
						    '\n', a->len - a->scanned);
		if (end != NULL)
			break;
		a->scanned = a->len;
		if (!answer_receive(a, fd))
			return NULL;
	}
	*end = '\0';
	line = a->octets + a->line;
	a->line = a->scanned = (size_t)(end - a->octets) + 1;
	return line;
}

/* The object that ends the answer. */
static enum ctl_exit
answer_last(const struct ctl *c, const char *line, const json_t *object,
	    ctl_show_fn *last)
{
	bool ok = json_is_true(json_object_get(object, "ok"));

	if (!ok)
		return ctl_refuse(c, "%s", ctl_string(object, "error"));
	if (!c->json) {
		if (last != NULL)
			last(c, object);
	} else if (!c->command->stream || json_object_size(object) > 1) {
		puts(line);
	}
	return CTL_DONE;
}

/* One object; true if it was the last one. */
static bool
answer_take(const struct ctl *c, const char *line, ctl_show_fn *item,
	    ctl_show_fn *last, enum ctl_exit *status)
{
	json_t *object = json_loads(line, 0, NULL);
	bool ends = true;

	if (!json_is_object(object)) {
		*status = ctl_refuse(c, "the server's answer is not JSON");
	} else if (json_object_get(object, "ok") != NULL) {
		*status = answer_last(c, line, object, last);
	} else {
		ends = false;
		if (c->json)
			puts(line);
		else if (item != NULL)
			item(c, object);
	}
	json_decref(object);
	return ends;
}

enum ctl_exit
ctl_call(struct ctl *c, json_t *request, int fd, ctl_show_fn *item,
	 ctl_show_fn *last)
{
	char *text = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);
	enum ctl_exit status = CTL_REFUSED;
	struct answer a = {0};
	char *line = NULL;

	json_decref(request);
	if (text == NULL)
		return ctl_refuse(c, "memory is short");
	status = ctl_connect(c, NULL);
	if (status == CTL_DONE) {
		size_t len = strlen(text);

		text[len] = '\n';
		talk_send(c->fd, text, len + 1, fd);
		do
			line = answer_line(&a, c->fd);
		while (line != NULL &&
		       !answer_take(c, line, item, last, &status));
		if (line == NULL)
			status = ctl_refuse(c, "the server hung up before it "
					       "had answered");
	}
	free(text);
	free(a.octets);
	return status;
}
