/*
 * What an API server says to the stream of stream_stage.h, in JSON, and what it was
 * asked.
 */
#ifndef REGRESS_UNIT_STREAM_TALK_H
#define REGRESS_UNIT_STREAM_TALK_H

#include "stream_stage.h"

#define POD(name)	"{\"metadata\":{\"name\":\"" name		\
			"\",\"namespace\":\"a\"}}"
#define LIST(meta, items)						\
	"{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{" meta \
	"},\"items\":[" items "]}"
#define EVENT(type, name, version)					\
	"{\"type\":\"" type "\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":" \
	"\"v1\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"a\"," \
	"\"resourceVersion\":\"" version "\"}}}\n"
#define BOOKMARK(version)						\
	"{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":" \
	"\"v1\",\"metadata\":{\"resourceVersion\":\"" version "\"," \
	"\"creationTimestamp\":null},\"spec\":{\"containers\":null}," \
	"\"status\":{}}}\n"
#define ERROR(code, reason)						\
	"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":" \
	"\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"m\"," \
	"\"reason\":\"" reason "\",\"code\":" code "}}\n"

/* Below /prefix, with a token and without streamed lists. */
int	 talk_setup(void **);

/* A piece of the answer to come, in pieces of that size; -1: no more of it. */
int	 data(const char *, size_t chunk);
void	 done(enum http_outcome, long status, int64_t retry_after,
	    const char *body);
/* All of an answer; one that is none. */
void	 answer(const char *);
void	 refuse(long status, int64_t retry_after, const char *body);
/* How long it waits, in ms; it must wait.  Then the wait is over. */
uint64_t wait_over(void);

/* This is what is asked. */
void	 is_list(void);
void	 is_watch(const char *version);

/* Listed at 10, with x and y, and watching. */
void	 watching(void);
enum reading	 reading(void);

#endif
