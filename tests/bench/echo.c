/*
 * The limit: what any UDP server on one core could reach here. Every datagram
 * goes back with QR set and one canned A record, sizes as of a real answer;
 * recvmmsg and sendmmsg in batches, no thought in between.
 *
 *   echo PORT
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
	BATCH = 32,
	SIZE = 1500,
};

struct batch {
	struct mmsghdr message[BATCH];
	struct iovec vector[BATCH];
	struct sockaddr_in from[BATCH];
	uint8_t buffer[BATCH][SIZE];
};

static size_t
answer(uint8_t *message, size_t n)
{
	static const uint8_t record[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 10, 0, 0, 1,
	};

	if (n < 12)
		return n;
	message[2] |= 0x84; /* QR AA */
	if (n + sizeof record > SIZE)
		return n;
	memcpy(message + n, record, sizeof record);
	message[7] = 1;
	return n + sizeof record;
}

static void
serve(int fd, struct batch *b)
{
	int n, sent = 0;

	for (int i = 0; i < BATCH; i++) {
		b->vector[i] = (struct iovec){b->buffer[i], SIZE};
		b->message[i].msg_hdr = (struct msghdr){
			.msg_name = &b->from[i],
			.msg_namelen = sizeof b->from[i],
			.msg_iov = &b->vector[i],
			.msg_iovlen = 1,
		};
	}
	n = recvmmsg(fd, b->message, BATCH, MSG_WAITFORONE, NULL);
	for (int i = 0; i < n; i++)
		b->vector[i].iov_len =
			answer(b->buffer[i], b->message[i].msg_len);
	while (sent < n) {
		int k = sendmmsg(fd, b->message + sent, (unsigned)(n - sent),
				 0);

		sent += k > 0 ? k : 1;
	}
}

int
main(int argc, char **argv)
{
	static struct batch batch;
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 1 << 20;

	if (argc != 2)
		die("usage: echo PORT");
	at.sin_port = htons((uint16_t)number_read(argv[1]));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0)
		die("bind: %s", strerror(errno));
	for (;;)
		serve(fd, &batch);
}
