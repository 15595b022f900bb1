/*
 * Whom the recursive servers ask: answers every question about any name with
 * one record of the asked type, as an authoritative server would, at once.
 *
 *   upstream PORT
 */
#include "bench.h"

#include <string.h>

enum {
	HEADER = 12,
	ROOM = 400, /* for what is added to a question */
};

/* Octets of the name at the beginning of so many; 0: none is there. */
static size_t
name_length(const uint8_t *octets, size_t n)
{
	size_t at = 0;

	while (at < n && octets[at] != 0) {
		if (octets[at] > 63)
			return 0;
		at += octets[at] + 1u;
	}
	return at < n ? at + 1 : 0;
}

/* The rdata of the asked type, about name; its length, 0: there is none. The
 * addresses are of a block for documentation: nobody filters it. */
static size_t
rdata_put(uint8_t *to, unsigned type, const uint8_t *name, size_t length)
{
	static const uint8_t address[16] = {0x20, 1, 0x0d, 0xb8};
	static const uint8_t service[] = {0, 0, 0, 0, 0x16, 0x33};
	static const char text[] = "\043type=sensor;room=1000;fw=1.0;unit=C";

	switch (type) {
	case 1:
		memcpy(to, (const uint8_t[]){198, 51, 100, name[1]}, 4);
		return 4;
	case 28:
		memcpy(to, address, sizeof address);
		return sizeof address;
	case 33:
		memcpy(to, service, sizeof service);
		memcpy(to + sizeof service, name, length);
		return sizeof service + length;
	case 16:
		memcpy(to, text, sizeof text - 1);
		return sizeof text - 1;
	default:
		return 0;
	}
}

static size_t
answer(uint8_t *message, size_t n)
{
	static const uint8_t record[] = {0xc0, HEADER, 0, 0,  0,
					 1,    0,      0, 14, 16};
	static const uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};
	size_t length, at, rdlen;
	unsigned opts;

	if (n < HEADER || get16(message + 4) != 1)
		return n;
	length = name_length(message + HEADER, n - HEADER);
	at = HEADER + length + 4;
	if (length < 2 || at > n)
		return n;
	opts = at < n; /* nobody adds anything else to a question */
	message[2] = (uint8_t)(0x84 | (message[2] & 1)); /* QR AA, RD */
	message[3] = 0x80;
	memcpy(message + at, record, sizeof record);
	memcpy(message + at + 2, message + HEADER + length, 2);
	rdlen = rdata_put(message + at + 12, get16(message + at + 2),
			  message + HEADER, length);
	put16(message + at + 10, (unsigned)rdlen);
	put16(message + 6, rdlen > 0);
	if (rdlen > 0)
		at += 12 + rdlen;
	put16(message + 10, opts);
	if (opts)
		memcpy(message + at, opt, sizeof opt);
	return at + (opts ? sizeof opt : 0);
}

static void
serve(int fd, struct batch *b)
{
	int n = batch_receive(b, fd);

	for (int i = 0; i < n; i++)
		b->vector[i].iov_len =
			answer(b->buffer[i], b->message[i].msg_len);
	batch_send(b, fd, n);
}

int
main(int argc, char **argv)
{
	static struct batch batch = {.count = BATCH_MAX, .room = ROOM};
	int fd;

	if (argc != 2)
		die("usage: upstream PORT");
	fd = udp_listen((unsigned)number_read(argv[1]));
	for (;;)
		serve(fd, &batch);
}
