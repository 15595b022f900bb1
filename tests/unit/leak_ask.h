/*
 * Questions of the leak hunt: whatever an outsider can put into a message.
 */
#ifndef PLACED_TESTS_LEAK_ASK_H
#define PLACED_TESTS_LEAK_ASK_H

#include "tests/unit/leak_world.h"

struct leak_question {
	uint8_t wire[2048];
	size_t len;
	bool tcp;
	bool is_signed, is_update;
	bool is_search; /* the name is a search's */
};

/* Half of them ask for what one of the models has, so that something comes of
 * it; LEAK_ZONES of them. */
void leak_question_make(struct leak_question *q, const struct leak_server *a,
			const struct leak_model *models);
void leak_question_print(const struct leak_question *q);
void leak_reply_print(const char *what, const uint8_t *reply, size_t len);

/* As query_serve(), with the memo or without, or in a batch of two. */
enum leak_way {
	LEAK_PLAIN,
	LEAK_BATCH,
	LEAK_MEMO
};
size_t leak_ask(struct leak_server *s, const struct leak_question *q,
		const char *from, enum leak_way way, uint8_t *reply);

/* Gives the labels of searches in a message another last letter, or takes it
 * back: names then that are like any other. */
void leak_disguise(uint8_t *msg, size_t len);

/* What the last CNAME of the reply leads to, or the asked name. False: the
 * reply cannot be read, or has no question. */
bool leak_last_name(uint8_t *name, const uint8_t *reply, size_t len);

#endif
