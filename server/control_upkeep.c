/* backup, reload, stop. */
#include "lib/log.h"
#include "server/control_internal.h"

enum err
control_backup(struct control_talk *t, const json_t *args, json_t *result,
	       struct diag *d)
{
	const char *dir = control_arg_text(args, "dir");
	enum err e;

	(void)result;
	if (dir[0] != '/')
		return diag_set(d, ERR_SYNTAX,
				"the folder must be given from the root on");
	e = store_backup(t->server->store, dir, d);
	if (e == ERR_OK)
		log_notice("backup written to %s", dir);
	return e;
}

enum err
control_reload(struct control_talk *t, const json_t *args, json_t *result,
	       struct diag *d)
{
	(void)args;
	(void)result;
	return t->server->reload(t->server->arg, d);
}

/* The answer goes out first. */
enum err
control_shutdown(struct control_talk *t, const json_t *args, json_t *result,
		 struct diag *d)
{
	(void)args;
	(void)result;
	(void)d;
	log_notice("stopping, as placectl asked");
	t->stop = true;
	return ERR_OK;
}
