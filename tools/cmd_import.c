/*
 * placectl import: reads the file, and what it includes, with the caller's
 * rights, and hands the server what is in it. The server need not be able to
 * read the file, and cannot be made to read another.
 */
#include "tools/ctl.h"
#include "tools/zonefile.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
show_change(const struct ctl *c, const json_t *change)
{
	(void)c;
	printf("%s %s\n", ctl_string(change, "op"), ctl_string(change, "rr"));
}

static void
show_outcome(const struct ctl *c, const json_t *outcome)
{
	bool dry = ctl_option(c, "dry-run") != NULL;
	long long removed = ctl_number(outcome, "removed");
	long long added = ctl_number(outcome, "added");
	long long kept = ctl_number(outcome, "kept");

	printf("%s: ", c->operand[0]);
	if (removed == 0 && added == 0)
		printf("no difference");
	else
		printf(dry ? "%lld would be removed, %lld added"
			   : "%lld removed, %lld added",
		       removed, added);
	if (kept > 0)
		printf(", %lld registered kept", kept);
	if (!dry)
		printf(", serial %lld", ctl_number(outcome, "serial"));
	putchar('\n');
}

static json_t *
import_request(const struct ctl *c)
{
	json_t *request = ctl_request(c);
	const char *file = c->operand[1];

	json_object_set_new(request, "zone", ctl_text(c->operand[0]));
	json_object_set_new(request, "file",
			    ctl_text(strcmp(file, "-") == 0 ? "stdin" : file));
	if (ctl_option(c, "dry-run") != NULL)
		json_object_set_new(request, "dry-run", json_true());
	if (ctl_option(c, "replace") != NULL)
		json_object_set_new(request, "replace", json_true());
	return request;
}

static enum ctl_exit
import_send(struct ctl *c, const struct import_set *set)
{
	int fd = memfd_create("zone", MFD_CLOEXEC);
	enum ctl_exit status;
	struct diag d = {0};

	if (fd < 0)
		return ctl_refuse(c, "memory is short: %s", strerror(errno));
	if (import_set_write(set, fd, &d) != ERR_OK)
		status = ctl_refuse(c, "%s", d.text);
	else
		status = ctl_call(c, import_request(c), fd, show_change,
				  show_outcome);
	close(fd);
	return status;
}

enum ctl_exit
cmd_import(struct ctl *c)
{
	const struct edit_limits none = {0}; /* the server has its own */
	uint8_t apex[NAME_WIRE_MAX];
	struct import_set set;
	struct diag d = {0};
	enum ctl_exit status = ctl_name(c, c->operand[0], apex);

	if (status != CTL_DONE)
		return status;
	import_set_init(&set, apex);
	if (zonefile_read(&set, c->operand[1], &none, &d) != ERR_OK)
		status = ctl_refuse_file(c, &d);
	else
		status = import_send(c, &set);
	import_set_free(&set);
	return status;
}
