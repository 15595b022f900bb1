/*
 * LMDB maps a file and believes it: one that was cut short kills the process
 * with SIGBUS at the first page that is not there. So the file is looked at
 * before it is mapped, through read(2), by LMDB's own layout:
 *
 *   page 0, 1   header, meta (magic, version, the two root trees, last page)
 *   the newer meta counts
 *
 * The file may rightly end before the last page: pages that a transaction took
 * and gave up again are never written, they are in the free list. So where it
 * does, the pages that are missing must all be free ones.
 */
#include "zones/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAGIC 0xBEEFC0DEu
#define FILE_VERSION 1u
#define PAGE_META 0x08
#define PAGE_SIZE_MIN 512u
#define PAGE_SIZE_MAX 65536u
#define NO_PAGE (~(size_t)0)

struct file_meta {
	uint32_t magic, version;
	void *address;
	size_t map_size;
	struct file_tree free_list, tables;
	size_t last_page, txn;
};

struct file {
	int fd;
	size_t page_size;
	size_t pages;	/* whole ones in the file */
	size_t missing; /* free ones that are not in it */
	size_t budget;	/* pages that the walk may still read */
};

static bool
read_at(const struct file *f, void *dst, size_t len, uint64_t offset)
{
	return pread(f->fd, dst, len, (off_t)offset) == (ssize_t)len;
}

static bool
meta_read(const struct file *f, struct file_meta *m, uint64_t offset)
{
	struct file_page page;

	return read_at(f, &page, sizeof(page), offset) &&
	       read_at(f, m, sizeof(*m), offset + sizeof(page)) &&
	       (page.flags & PAGE_META) != 0 && m->magic == FILE_MAGIC;
}

/* Counts the missing pages that an entry of the free list names: a count, then
 * as many page numbers. */
static bool
free_entry_count(struct file *f, const uint8_t *data, size_t len)
{
	size_t count, number;

	if (len < sizeof(count))
		return false;
	memcpy(&count, data, sizeof(count));
	if (count > len / sizeof(number) - 1)
		return false;
	for (size_t i = 1; i <= count; i++) {
		memcpy(&number, data + i * sizeof(number), sizeof(number));
		if (number >= f->pages)
			f->missing++;
	}
	return true;
}

/* The same for an entry that fills pages of its own. */
static bool
free_entry_big(struct file *f, size_t number, size_t len)
{
	uint8_t *data;
	bool ok;

	if (number >= f->pages ||
	    len > (f->pages - number) * f->page_size - sizeof(struct file_page))
		return false;
	data = malloc(len);
	if (data == NULL)
		return false;
	ok = read_at(f, data, len,
		     (uint64_t)number * f->page_size +
			     sizeof(struct file_page)) &&
	     free_entry_count(f, data, len);
	free(data);
	return ok;
}

static bool
leaf_node(struct file *f, const uint8_t *page, size_t offset,
	  const struct file_node *node)
{
	size_t data = offset + sizeof(*node) + node->key_len;
	size_t len = (size_t)node->low | (size_t)node->high << 16;
	size_t number;

	if ((node->flags & FILE_BIGDATA) == 0)
		return data + len <= f->page_size &&
		       free_entry_count(f, page + data, len);
	if (data + sizeof(number) > f->page_size)
		return false;
	memcpy(&number, page + data, sizeof(number));
	return free_entry_big(f, number, len);
}

static bool free_tree_walk(struct file *f, size_t number, unsigned depth);

static bool
page_nodes(struct file *f, const uint8_t *page, unsigned depth)
{
	struct file_page header;
	struct file_node node;
	uint16_t offset;
	bool branch;

	memcpy(&header, page, sizeof(header));
	branch = (header.flags & FILE_BRANCH) != 0;
	if (branch == ((header.flags & FILE_LEAF) != 0) ||
	    header.lower > f->page_size)
		return false;
	for (size_t at = sizeof(header); at + 2 <= header.lower; at += 2) {
		size_t child;

		memcpy(&offset, page + at, sizeof(offset));
		if (offset + sizeof(node) > f->page_size)
			return false;
		memcpy(&node, page + offset, sizeof(node));
		child = (size_t)node.low | (size_t)node.high << 16;
#if SIZE_MAX > 0xffffffff
		child |= (size_t)node.flags << 32;
#endif
		if (branch ? !free_tree_walk(f, child, depth + 1)
			   : !leaf_node(f, page, offset, &node))
			return false;
	}
	return true;
}

static bool
free_tree_walk(struct file *f, size_t number, unsigned depth)
{
	uint8_t *page;
	bool ok;

	if (number >= f->pages || depth > FILE_DEPTH_MAX || f->budget == 0)
		return false;
	f->budget--;
	page = malloc(f->page_size);
	if (page == NULL)
		return false;
	ok = read_at(f, page, f->page_size, (uint64_t)number * f->page_size) &&
	     page_nodes(f, page, depth);
	free(page);
	return ok;
}

static enum err
meta_check(struct file *f, struct file_meta *m, const char *path,
	   struct diag *d)
{
	struct file_meta second;
	size_t size;

	if (!meta_read(f, m, 0))
		return diag_set(d, ERR_CORRUPT,
				"%s is not a store: restore a backup, or move "
				"it away to start afresh",
				path);
	if (m->version != FILE_VERSION)
		return diag_set(d, ERR_CORRUPT,
				"%s was written by another version of LMDB: "
				"restore a backup",
				path);
	size = m->free_list.page_size;
	if (size < PAGE_SIZE_MIN || size > PAGE_SIZE_MAX ||
	    (size & (size - 1)) != 0)
		return diag_set(d, ERR_CORRUPT,
				"%s is damaged (impossible page size): restore "
				"a backup",
				path);
	f->page_size = size;
	if (!meta_read(f, &second, size))
		return diag_set(d, ERR_CORRUPT,
				"%s is damaged or cut short (no second meta "
				"page): restore a backup",
				path);
	if (second.txn > m->txn)
		*m = second;
	return ERR_OK;
}

static enum err
file_check(struct file *f, const char *path, struct file_meta *m,
	   struct diag *d)
{
	enum err e = meta_check(f, m, path, d);
	struct stat st;

	if (e != ERR_OK)
		return e;
	/* Later than the meta page: a writer puts pages first, meta last. */
	if (fstat(f->fd, &st) != 0)
		return diag_set(d, ERR_IO, "%s: %s", path, strerror(errno));
	must(f->page_size >= PAGE_SIZE_MIN); /* meta_check() has looked */
	f->pages = (size_t)st.st_size / f->page_size;
	if (f->pages > m->last_page)
		return ERR_OK;
	f->budget = f->pages;
	if (m->free_list.root != NO_PAGE &&
	    free_tree_walk(f, m->free_list.root, 0) &&
	    f->missing == m->last_page + 1 - f->pages)
		return ERR_OK;
	return diag_set(d, ERR_CORRUPT,
			"%s is cut short: %llu octets where %llu are needed; "
			"restore a backup",
			path, (unsigned long long)st.st_size,
			(unsigned long long)(m->last_page + 1) * f->page_size);
}

enum err
store_check_file(const char *path, uint32_t *page, uint64_t *last_page,
		 struct diag *d)
{
	struct file f = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
	struct file_meta m = {0};
	enum err e;

	if (f.fd < 0)
		return diag_set(d, store_err(errno), "cannot read %s: %s", path,
				strerror(errno));
	e = file_check(&f, path, &m, d);
	close(f.fd);
	if (e != ERR_OK)
		return e;
	*page = (uint32_t)f.page_size;
	*last_page = m.last_page;
	return ERR_OK;
}
