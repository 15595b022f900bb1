/* What status tells of the way out; a new value each, NULL: memory. */
#ifndef PLACED_SERVER_CONTROL_UPLINK_H
#define PLACED_SERVER_CONTROL_UPLINK_H

#include "server/control_internal.h"

/* Forwarders as the workers find them, and what was asked of them. */
json_t *control_uplink_status(const struct control_server *server);

/* null: there is no cache. */
json_t *control_uplink_cache(const struct control_server *server);

/* exporting: zones that export something. Needs the talk's snapshot. */
json_t *control_uplink_boundary(struct control_talk *t, size_t exporting);

#endif
