/*
 * How the API server of a configuration is reached: directly or by a proxy.
 */
#ifndef KANATA_WATCHER_SERVER_H
#define KANATA_WATCHER_SERVER_H

#include "../common/conf.h"
#include "../common/http.h"
#include "credential.h"

/* NULL, or why the server cannot be reached or spoken to like this. */
const char	*server_check(const struct conf *, const struct credentials *);
/* It is not where the last one was; true as well if there was none. */
bool		 server_moved(const struct conf *);
/* Remembers where it is.  Returns what comes before /api, which stays until the
 * next call. */
const char	*server_remember(const struct conf *);
struct http_server *server_make(const struct conf *,
		    const struct credentials *);

#endif
