#include "server/control_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define SPOOL_PIECE 65536 /* octets copied or sent at once */

bool
control_spool_init(struct control_spool *s)
{
	*s = (struct control_spool){.file = -1};
	s->memory = malloc(CONTROL_SPOOL_MEMORY);
	return s->memory != NULL;
}

static void
spool_forget(struct control_spool *s)
{
	if (s->file >= 0)
		close(s->file);
	s->file = -1;
	s->file_len = 0;
	s->in_memory = false;
	s->used = 0;
}

void
control_spool_free(struct control_spool *s)
{
	spool_forget(s);
	free(s->memory);
	s->memory = NULL;
}

static bool
spool_write(int fd, const char *octets, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, octets, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		octets += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

static int
spool_memfd(void)
{
	return memfd_create("placed answer", MFD_CLOEXEC);
}

/* The disk is full, which is when somebody may want to see what is there. */
static bool
spool_move_to_memory(struct control_spool *s)
{
	char *piece = s->in_memory ? NULL : malloc(SPOOL_PIECE);
	int to = piece == NULL ? -1 : spool_memfd();
	uint64_t at = 0;

	while (to >= 0 && at < s->file_len) {
		uint64_t left = s->file_len - at;
		size_t want = left < SPOOL_PIECE ? (size_t)left : SPOOL_PIECE;
		ssize_t n = pread(s->file, piece, want, (off_t)at);

		if (n <= 0 || !spool_write(to, piece, (size_t)n, at)) {
			close(to);
			to = -1;
			break;
		}
		at += (uint64_t)n;
	}
	free(piece);
	if (to < 0)
		return false;
	close(s->file);
	s->file = to;
	s->in_memory = true;
	return true;
}

static enum err
spool_write_file(struct control_spool *s, const char *octets, size_t len)
{
	if (!spool_write(s->file, octets, len, s->file_len) &&
	    !(spool_move_to_memory(s) &&
	      spool_write(s->file, octets, len, s->file_len)))
		return ERR_IO;
	s->file_len += len;
	return ERR_OK;
}

static enum err
spool_overflow(struct control_spool *s, const char *dir)
{
	enum err e;

	if (s->file < 0)
		s->file = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->file < 0) {
		s->file = spool_memfd();
		s->in_memory = true;
	}
	if (s->file < 0)
		return ERR_IO;
	e = spool_write_file(s, s->memory, s->used);
	if (e == ERR_OK)
		s->used = 0;
	return e;
}

enum err
control_spool_add(struct control_spool *s, const char *dir, const void *octets,
		  size_t len)
{
	enum err e;

	if (len > CONTROL_SPOOL_MEMORY - s->used) {
		e = spool_overflow(s, dir);
		if (e != ERR_OK)
			return e;
		if (len > CONTROL_SPOOL_MEMORY)
			return spool_write_file(s, octets, len);
	}
	memcpy(s->memory + s->used, octets, len);
	s->used += len;
	return ERR_OK;
}

static bool
spool_send_octets(int fd, const char *octets, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, octets, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		octets += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
spool_send_file(const struct control_spool *s, int fd)
{
	char *piece = malloc(SPOOL_PIECE);
	bool sent = piece != NULL;
	uint64_t at = 0;

	while (sent && at < s->file_len) {
		uint64_t left = s->file_len - at;
		size_t want = left < SPOOL_PIECE ? (size_t)left : SPOOL_PIECE;
		ssize_t n = pread(s->file, piece, want, (off_t)at);

		sent = n > 0 && spool_send_octets(fd, piece, (size_t)n);
		at += sent ? (uint64_t)n : 0;
	}
	free(piece);
	return sent;
}

bool
control_spool_send(struct control_spool *s, int fd)
{
	bool sent = (s->file_len == 0 || spool_send_file(s, fd)) &&
		    spool_send_octets(fd, s->memory, s->used);

	spool_forget(s);
	return sent;
}
