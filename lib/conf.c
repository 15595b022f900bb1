#include "lib/conf_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* What conf_free() gets back from the conf alone. */
struct conf_owner {
	struct conf conf; /* first */
	struct arena arena;
};

/* CPUs that we may run on, within the range of the setting. */
static unsigned
workers_default(void)
{
	cpu_set_t set;
	int n = 1;

	if (!sched_getaffinity(0, sizeof(set), &set))
		n = CPU_COUNT(&set);
	return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

enum err
conf_finish_top(struct conf_reader *r, const struct conf_node *n, void *conf)
{
	const struct conf_node *at =
		n ? conf_node_find(&r->tree, n, "control") : NULL;
	struct conf *c = conf;
	size_t len;
	enum err e = conf_list_move(r, &r->interfaces, &c->interfaces,
				    &c->interface_count);

	if (e)
		return e;
	if (!c->workers)
		c->workers = workers_default();
	if (!c->control) {
		len = strlen(c->store);
		c->control = conf_alloc(r, len + sizeof("/control"));
		if (!c->control)
			return ERR_NOMEM;
		memcpy(c->control, c->store, len);
		strcpy(c->control + len, "/control");
	}
	if (strlen(c->control) < sizeof(((struct sockaddr_un *)0)->sun_path))
		return ERR_OK;
	return conf_fail(r, at ? at : n, ERR_RANGE,
			 "\"control\": the path of a socket has at most 107 "
			 "octets, and %.150s has %zu",
			 c->control, strlen(c->control));
}

/* The folder of path, absolute; malloc'd. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0, base = 0;
	char *cwd = NULL, *folder;

	if (path[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return NULL;
		base = strlen(cwd);
	}
	folder = calloc(1, base + 1 + len + 2);
	if (folder) {
		if (cwd)
			memcpy(folder, cwd, base);
		if (cwd && len && folder[base - 1] != '/')
			folder[base++] = '/';
		memcpy(folder + base, path, len);
		if (!folder[0])
			folder[0] = '/';
	}
	free(cwd);
	return folder;
}

static enum err
reader_run(struct conf_reader *r, const char *text, size_t len)
{
	const struct conf_node *root = NULL;
	const char *base = strrchr(r->name, '/');
	enum err e = conf_tree_read(&r->tree, text, len, r->name, r->diag);

	if (e)
		return e;
	r->folder = folder_of(r->name);
	if (!r->folder)
		return diag_set(r->diag, ERR_IO,
				"%s: the current directory cannot be found: %s",
				r->name, strerror(errno));
	r->conf->path = conf_path(r, base ? base + 1 : r->name);
	if (!r->conf->path)
		return ERR_NOMEM;
	if (r->tree.count && !conf_node_is_null(r->tree.nodes))
		root = r->tree.nodes;
	if (root && root->kind != CONF_MAP)
		return conf_fail(r, root, ERR_SYNTAX,
				 "the file must be settings, one \"key: "
				 "value\" a line");
	return conf_read_map(r, root, &conf_table, r->conf);
}

static struct conf *
text_read(const char *text, size_t len, const char *name, struct diag *d)
{
	struct conf_owner *owner = calloc(1, sizeof(*owner));
	struct conf_reader r = {
		.name = name,
		.diag = d,
		.inside_interfaces.size = sizeof(uint16_t),
		.inside_keys.size = NAME_WIRE_MAX,
		.interfaces.size = sizeof(char *),
	};
	enum err e;

	if (!owner) {
		diag_set(d, ERR_NOMEM, "%s: out of memory", name);
		return NULL;
	}
	arena_init_growing(&owner->arena);
	r.conf = &owner->conf;
	r.arena = &owner->arena;
	e = reader_run(&r, text, len);
	conf_tree_free(&r.tree);
	free(r.inside_interfaces.items);
	free(r.inside_keys.items);
	free(r.interfaces.items);
	free(r.folder);
	if (!e)
		return &owner->conf;
	conf_free(&owner->conf);
	return NULL;
}

struct conf *
conf_read_string(const char *text, const char *name, struct diag *d)
{
	return text_read(text, strlen(text), name, d);
}

/* All of the file, malloc'd; NULL with a sentence in d. */
static char *
file_read(const char *path, size_t *len, struct diag *d)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t room = 16384;
	char *text = NULL, *more;
	ssize_t n = -1;

	*len = 0;
	if (fd < 0)
		goto out;
	do {
		if (!text || *len == room) {
			room *= text ? 2 : 1;
			more = realloc(text, room);
			if (!more) {
				n = -1;
				break;
			}
			text = more;
		}
		n = read(fd, text + *len, room - *len);
		if (n > 0)
			*len += (size_t)n;
	} while ((n > 0 || (n < 0 && errno == EINTR)) && *len <= CONF_FILE_MAX);
out:
	if (n < 0) {
		diag_set(d, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "%s: %s",
			 path, strerror(errno));
		free(text);
		text = NULL;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

struct conf *
conf_read(const char *path, struct diag *d)
{
	struct conf *c;
	size_t len;
	char *text = file_read(path, &len, d);

	if (!text)
		return NULL;
	c = text_read(text, len, path, d);
	explicit_bzero(text, len);
	free(text);
	return c;
}

void
conf_free(struct conf *c)
{
	struct conf_owner *owner = (struct conf_owner *)c;

	if (!c)
		return;
	if (c->keys.keys)
		explicit_bzero(c->keys.keys,
			       c->keys.count * sizeof(*c->keys.keys));
	arena_free(&owner->arena);
	free(owner);
}

const struct conf_zone *
conf_zone_find(const struct conf *c, const uint8_t *apex)
{
	size_t low = 0, high = c->zone_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = name_cmp(apex, c->zones[mid].apex);

		if (!order)
			return &c->zones[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}
