/*
 * Messages of any kind against a key ring, and the replies they lead to; then
 * TSIG rdata wherever it may stand, without the checks of msg_parse() before.
 */
#include "lib/tsig.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
reply(const struct msg *m, struct tsig_state *st, uint64_t now)
{
	static uint8_t buf[WIRE_MSG_MAX];
	struct wire_writer w;
	size_t before, reserve;

	wire_writer_init(&w, buf, sizeof(buf));
	msg_write_header(&w, m->id, MSG_QR);
	before = w.len;
	reserve = tsig_reserve(st);
	tsig_sign(st, &w, now);
	if (w.full || w.len - before != reserve)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint64_t now = 1764000000;
	static struct tsig_key key;
	struct tsig_keyring ring = {&key, 1};
	struct tsig_state st;
	struct msg m;

	if (!key.secret_len) {
		must(!name_from_text(key.name, "room-key.", NULL, NULL));
		key.algorithm = TSIG_HMAC_SHA256;
		must(!tsig_secret_from_text(&key, "Zm9vYmFyYmF6", NULL));
	}
	if (msg_parse(&m, data, len) == MSG_OK) {
		tsig_verify(&st, &m, &ring, now);
		reply(&m, &st, now);
	}
	if (msg_parse_response(&m, data, len) == MSG_OK) {
		memset(&st, 0, sizeof(st));
		st.key = &key;
		st.present = true;
		name_copy(st.key_name, key.name);
		must(!name_from_text(st.algorithm, "hmac-sha256.", NULL, NULL));
		tsig_verify_response(&st, &m, now);
	}
	/* The rdata is read again here: whatever it is, wherever it starts. */
	if (len > WIRE_HEADER_LEN + 1) {
		memset(&m, 0, sizeof(m));
		m.wire = data;
		m.len = len;
		m.count[MSG_AR] = 1;
		m.tsig = WIRE_HEADER_LEN + data[0] % (len - WIRE_HEADER_LEN);
		tsig_verify(&st, &m, &ring, now);
		reply(&m, &st, now);
	}
	return 0;
}
