#include "lib/conf_internal.h"

#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_FILE_MAX 16384
#define WORD_MAX 1024

/* Words of a BIND key clause: { } ; alone, "…" and the rest. */
struct words {
	const char *at;
	char word[WORD_MAX];
	bool quoted;
	bool bad; /* too long, or a quote or comment that does not end */
};

/* Past white space and the three kinds of comment. */
static void
words_skip(struct words *w)
{
	const char *end;

	for (;;) {
		w->at += strspn(w->at, " \t\r\n");
		if (w->at[0] == '#' || !strncmp(w->at, "//", 2)) {
			w->at += strcspn(w->at, "\n");
			continue;
		}
		if (strncmp(w->at, "/*", 2) != 0)
			return;
		end = strstr(w->at + 2, "*/");
		if (!end) {
			w->bad = true;
			return;
		}
		w->at = end + 2;
	}
}

/* False at the end, or when it is bad. */
static bool
words_next(struct words *w)
{
	size_t len;

	words_skip(w);
	if (w->bad || !*w->at)
		return false;
	w->quoted = *w->at == '"';
	if (w->quoted)
		len = strcspn(++w->at, "\"\n");
	else
		len = strcspn(w->at, " \t\r\n\"{};");
	if (w->quoted && w->at[len] != '"')
		w->bad = true;
	if (!w->quoted && !len)
		len = 1;
	if (w->bad || len >= sizeof(w->word)) {
		w->bad = true;
		return false;
	}
	memcpy(w->word, w->at, len);
	w->word[len] = 0;
	w->at += len + w->quoted;
	return true;
}

static bool
words_expect(struct words *w, const char *word)
{
	return words_next(w) && !w->quoted && !strcmp(w->word, word);
}

struct clause {
	char name[WORD_MAX], algorithm[WORD_MAX], secret[WORD_MAX];
};

/* key NAME { algorithm …; secret …; }; */
static bool
clause_read(struct clause *c, struct words *w)
{
	char statement[WORD_MAX];

	memset(c, 0, sizeof(*c));
	if (!words_expect(w, "key") || !words_next(w))
		return false;
	strcpy(c->name, w->word);
	if (!words_expect(w, "{"))
		return false;
	while (words_next(w) && strcmp(w->word, "}") != 0) {
		strcpy(statement, w->word);
		if (!words_next(w))
			return false;
		if (!strcmp(statement, "algorithm"))
			strcpy(c->algorithm, w->word);
		else if (!strcmp(statement, "secret"))
			strcpy(c->secret, w->word);
		else
			return false;
		if (!words_expect(w, ";"))
			return false;
	}
	return !strcmp(w->word, "}") && words_expect(w, ";") && c->secret[0];
}

/* The clause of the key's own name: nsupdate -k signs by the name in the file,
 * so that another name there would never be recognised. */
static enum err
clause_find(struct clause *c, const struct tsig_key *key, const char *text,
	    struct diag *d)
{
	struct words w = {.at = text};
	uint8_t name[NAME_WIRE_MAX];
	char wanted[NAME_TEXT_MAX];
	enum err e = ERR_NOTFOUND;

	for (words_skip(&w); !w.bad && *w.at && e; words_skip(&w)) {
		if (!clause_read(c, &w) ||
		    name_from_text(name, c->name, NULL, NULL)) {
			w.bad = true;
			break;
		}
		e = name_equal(name, key->name) ? ERR_OK : ERR_NOTFOUND;
	}
	explicit_bzero(w.word, sizeof(w.word));
	if (w.bad)
		return diag_set(d, ERR_SYNTAX,
				"expected key \"NAME\" { algorithm …; "
				"secret \"…\"; };");
	name_to_text(wanted, key->name);
	if (e)
		return diag_set(d, e, "holds no key %.200s", wanted);
	return ERR_OK;
}

static enum err
secret_parse(struct tsig_key *key, const char *text, struct diag *d)
{
	struct clause c = {0};
	enum err e;

	if (!strchr(text, '{'))
		return tsig_secret_from_text(key, text, d);
	e = clause_find(&c, key, text, d);
	if (!e && c.algorithm[0] &&
	    tsig_algorithm_from_text(c.algorithm) != (int)key->algorithm)
		e = diag_set(d, ERR_RULE,
			     "the algorithm of the key is another one there, "
			     "not %s",
			     tsig_algorithm_text(key->algorithm));
	if (!e)
		e = tsig_secret_from_text(key, c.secret, d);
	explicit_bzero(&c, sizeof(c));
	return e;
}

/* NUL-terminated into buf, which has SECRET_FILE_MAX + 1 octets. */
static enum err
file_read(char *buf, int fd, struct diag *d)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read(fd, buf + len, SECRET_FILE_MAX + 1 - len);
		if (n < 0 && errno != EINTR)
			return diag_set(d, ERR_IO, "%s", strerror(errno));
		if (n > 0)
			len += (size_t)n;
	} while (n && len <= SECRET_FILE_MAX);
	if (len > SECRET_FILE_MAX)
		return diag_set(d, ERR_RANGE, "larger than a secret can be");
	buf[len] = 0;
	if (strlen(buf) != len)
		return diag_set(d, ERR_SYNTAX, "is not a text");
	return ERR_OK;
}

enum err
conf_secret_read(struct tsig_key *key, const char *path, struct diag *d)
{
	char buf[SECRET_FILE_MAX + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	enum err e;

	if (fd < 0) {
		e = diag_set(d, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s",
			     strerror(errno));
		goto out;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		e = diag_set(d, ERR_IO, "is not a file");
		goto out;
	}
	if (st.st_mode & (S_IROTH | S_IWOTH))
		log_warning("%.400s: everybody may read or write this secret; "
			    "chmod o= would help",
			    path);
	e = file_read(buf, fd, d);
	if (!e)
		e = secret_parse(key, buf, d);
out:
	explicit_bzero(buf, sizeof(buf));
	if (fd >= 0)
		close(fd);
	if (e && d)
		diag_prefix(d, "%.250s", path);
	return e;
}
