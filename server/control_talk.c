#include "server/control_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Descriptors one request may bring; all but one are closed at once. */
#define TALK_DESCRIPTORS 4

/* Of a number, so many digits are more than a LOC has, and fewer than show how
 * it is kept. */
#define TALK_DIGITS 12

static void
talk_drop_passed(struct control_talk *t)
{
	if (t->passed >= 0)
		close(t->passed);
	t->passed = -1;
}

/* Keeps the first descriptor and closes the others. */
static void
talk_take_descriptors(struct control_talk *t, struct msghdr *m)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (t->passed < 0)
				t->passed = fd;
			else
				close(fd);
		}
	}
}

/* More octets into t->in. False: hung up, too slow. */
static bool
talk_receive(struct control_talk *t)
{
	union {
		char room[CMSG_SPACE(TALK_DESCRIPTORS * sizeof(int))];
		struct cmsghdr aligned;
	} control;
	struct iovec iov = {.iov_base = t->in + t->in_len,
			    .iov_len = CONTROL_LINE_MAX - t->in_len};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	ssize_t n;

	do
		n = recvmsg(t->fd, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return false;
	talk_take_descriptors(t, &m);
	t->in_len += (size_t)n;
	return n > 0;
}

enum err
control_item(struct control_talk *t, json_t *item, struct diag *d)
{
	const char *dir = t->served->conf->store;
	char *text =
		item == NULL
			? NULL
			: json_dumps(item, JSON_COMPACT | JSON_REAL_PRECISION(
								  TALK_DIGITS));
	size_t len;
	enum err e;

	json_decref(item);
	if (text == NULL)
		return diag_set(d, ERR_NOMEM, "memory is short");
	len = strlen(text);
	text[len] = '\n'; /* a line whole or not at all */
	e = control_spool_add(&t->out, dir, text, len + 1);
	free(text);
	return e == ERR_OK ? ERR_OK
			   : diag_set(d, e, "the answer cannot be kept: %s",
				      strerror(errno));
}

enum err
control_view_begin(struct control_talk *t, struct diag *d)
{
	enum err e;

	if (t->view == NULL)
		t->view = store_reader_new(t->server->store);
	if (t->view == NULL)
		return diag_set(d, ERR_BUSY, "too many read the store at once");
	e = store_reader_begin(t->view);
	return e == ERR_OK ? ERR_OK
			   : diag_set(d, e, "the store cannot be read: %s",
				      err_text(e));
}

void
control_view_end(struct control_talk *t)
{
	store_reader_end(t->view);
}

/* One line of the peer's, without its end: an answer. False: no more talk. */
static bool
talk_answer(struct control_talk *t, size_t len)
{
	bool whole, stop;

	t->served = t->server->served(t->server->arg);
	whole = control_commands_run(t, t->in, len);
	served_release(t->served);
	t->served = NULL;
	talk_drop_passed(t);
	whole = control_spool_send(&t->out, t->fd) && whole;
	stop = t->stop;
	t->stop = false;
	if (stop)
		t->server->stop(t->server->arg);
	return whole;
}

/* Answers every whole line there is and keeps the rest. */
static bool
talk_answer_lines(struct control_talk *t)
{
	char *end;

	while ((end = memchr(t->in, '\n', t->in_len)) != NULL) {
		size_t len = (size_t)(end - t->in);

		if (!talk_answer(t, len))
			return false;
		t->in_len -= len + 1;
		memmove(t->in, end + 1, t->in_len);
	}
	if (t->in_len < CONTROL_LINE_MAX)
		return true;
	control_talk_refuse(t->fd, "the request is longer than 64 KiB");
	return false;
}

static bool
talk_init(struct control_talk *t, const struct control_server *server, int fd)
{
	*t = (struct control_talk){.server = server, .fd = fd, .passed = -1};
	t->in = malloc(CONTROL_LINE_MAX);
	return control_spool_init(&t->out) && t->in != NULL;
}

void
control_talk_run(const struct control_server *server, int fd)
{
	struct control_talk t;

	if (!talk_init(&t, server, fd))
		control_talk_refuse(fd, "memory is short");
	else
		while (talk_receive(&t) && talk_answer_lines(&t))
			;
	talk_drop_passed(&t);
	store_reader_free(t.view);
	control_spool_free(&t.out);
	free(t.in);
}

void
control_talk_refuse(int fd, const char *why)
{
	json_t *no = json_pack("{s:b, s:s}", "ok", 0, "error", why);
	char *text = no == NULL ? NULL : json_dumps(no, JSON_COMPACT);

	if (text != NULL &&
	    send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		send(fd, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	free(text);
	json_decref(no);
}
