/* placectl check */
#include "lib/conf.h"
#include "tools/ctl.h"
#include "tools/zonefile.h"

#include <string.h>

/* What the server would allow, if we were told which server. */
static enum ctl_exit
check_limits(const struct ctl *c, struct edit_limits *limits)
{
	struct conf *conf;
	struct diag d;

	if (!c->conf_given)
		return CTL_DONE;
	conf = conf_read(c->conf, &d);
	if (conf == NULL)
		return ctl_refuse(c, "%s", d.text);
	limits->rrset_limit = conf->rrset_limit;
	limits->types_limit = conf->types_limit;
	conf_free(conf);
	return CTL_DONE;
}

static enum ctl_exit
check_zone(const struct ctl *c, uint8_t *apex)
{
	struct diag d;

	if (c->operands == 2)
		return ctl_name(c, c->operand[1], apex);
	if (strcmp(c->operand[0], "-") == 0)
		return ctl_misused(c, "standard input does not say for which "
				      "zone it is: check - ZONE");
	if (zonefile_zone(apex, c->operand[0], &d) != ERR_OK)
		return ctl_refuse(c, "%s", d.text);
	return CTL_DONE;
}

static void
check_tell(const struct import_set *set)
{
	char text[NAME_TEXT_MAX];
	json_t *answer;

	name_to_text(text, set->apex);
	answer = json_pack("{s:b, s:s, s:I}", "ok", 1, "zone", text, "records",
			   (json_int_t)set->count);
	json_dumpf(answer, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(answer);
}

enum ctl_exit
cmd_check(struct ctl *c)
{
	struct edit_limits limits = {0};
	uint8_t apex[NAME_WIRE_MAX];
	enum ctl_exit status = check_limits(c, &limits);
	struct import_set set;
	struct diag d = {0};

	if (status == CTL_DONE)
		status = check_zone(c, apex);
	if (status != CTL_DONE)
		return status;
	import_set_init(&set, apex);
	if (zonefile_read(&set, c->operand[0], &limits, &d) != ERR_OK)
		status = ctl_refuse_file(c, &d);
	else if (c->json)
		check_tell(&set);
	import_set_free(&set);
	return status;
}
