/* HTML that is written piece by piece; what was not ours is escaped. */
#ifndef KANATA_WEB_HTML_H
#define KANATA_WEB_HTML_H

#include <event2/buffer.h>
#include <stdint.h>

/*
 * The format with %s, escaped and on one line; %u; %%.  Nothing else.  Control
 * characters become U+FFFD; of text that is not UTF-8, log_safe is written.
 */
void	 html(struct evbuffer *, const char *, ...)
	    __attribute__((format(printf, 2, 3)));
/* A point in time, ms since 1970; 0: a dash. */
void	 html_time(struct evbuffer *, uint64_t);

#endif
