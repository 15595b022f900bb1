/*
 * Runs a fuzz target over its corpus once, as TAP: one test case a file. In a
 * --with-fuzzer build libFuzzer's main() stands in place of this one.
 */
#include "lib/base.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *
replay_read(const char *path, size_t *size)
{
	FILE *in = fopen(path, "rb");
	uint8_t *data = NULL;
	long len;

	if (!in)
		return NULL;
	if (fseek(in, 0, SEEK_END) == 0 && (len = ftell(in)) >= 0) {
		rewind(in);
		*size = (size_t)len;
		data = malloc(*size + 1);
		if (data && fread(data, 1, *size, in) != *size) {
			free(data);
			data = NULL;
		}
	}
	fclose(in);
	return data;
}

/* An exact copy, so that a sanitizer sees a read of one octet too many. */
static bool
replay_run(const char *path)
{
	size_t size;
	uint8_t *data = replay_read(path, &size), *exact;

	if (!data)
		return false;
	exact = malloc(size ? size : 1);
	if (exact) {
		memcpy(exact, data, size);
		LLVMFuzzerTestOneInput(exact, size);
	}
	free(data);
	free(exact);
	return exact != NULL;
}

static int
replay_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* "…/fuzz_msg" has its corpus in $PLACED_SOURCE/tests/fuzz/corpus/msg. */
static void
replay_corpus(char *dst, size_t cap, const char *program)
{
	const char *source = getenv("PLACED_SOURCE");
	const char *base = strrchr(program, '/');

	base = base ? base + 1 : program;
	if (strncmp(base, "fuzz_", 5) == 0)
		base += 5;
	snprintf(dst, cap, "%s/tests/fuzz/corpus/%s", source ? source : ".",
		 base);
}

int
main(int argc, char **argv)
{
	char dir[2048], path[4096];
	struct dirent **entries;
	int count, ok = 0;

	(void)argc;
	replay_corpus(dir, sizeof(dir), argv[0]);
	count = scandir(dir, &entries, replay_visible, alphasort);
	if (count < 0) {
		fprintf(stderr, "%s: no corpus\n", dir);
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (replay_run(path))
			ok++;
		else
			printf("not ");
		printf("ok %d - %s\n", i + 1, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ok == count && count > 0 ? 0 : 1;
}
