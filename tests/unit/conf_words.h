/*
 * Words for tests of the configuration: what a text is read as, or refused
 * with, and a folder for files that name each other.
 */
#ifndef PLACED_TESTS_CONF_WORDS_H
#define PLACED_TESTS_CONF_WORDS_H

#include "lib/conf.h"

#define CONF_NAME "/etc/placed/placed.yaml"
#define SECRET "secret: aGVsbG8gd29ybGQ="

/* Read as the file CONF_NAME; fails the test if it is refused. */
struct conf *conf_of(const char *text);

/* The sentence that text is refused with, without the file's name. */
const char *refusal(const char *text);

#define expect_refusal(text, sentence) cr_expect_str_eq(refusal(text), sentence)

/* The sentence holds part, and stands at LINE:COL. */
void expect_refused_at(const char *text, const char *at, const char *part);

/* A name as text, until the next call. */
const char *text_of(const uint8_t *name);

/* NULL: there is none. */
const struct conf_zone *zone_of(const struct conf *c, const char *text);

extern char folder[256];

/* For .init and .fini of a test that writes files. */
void folder_make(void);
void folder_remove(void);

/* A file of mode 0600 in it; its path, until the next call. */
const char *file_write(const char *name, const char *text);

#endif
