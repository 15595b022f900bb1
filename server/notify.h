/*
 * Telling the service manager how we are (sd_notify(3)'s protocol: a datagram
 * to the socket that NOTIFY_SOCKET names). Without that variable: nothing.
 */
#ifndef PLACED_SERVER_NOTIFY_H
#define PLACED_SERVER_NOTIFY_H

/* state: "READY=1", "RELOADING=1", "STOPPING=1". */
void notify_manager(const char *state);

#endif
