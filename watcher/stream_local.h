/*
 * What the files of a stream share.
 */
#ifndef KANATA_WATCHER_STREAM_LOCAL_H
#define KANATA_WATCHER_STREAM_LOCAL_H

#include "facts.h"
#include "frame.h"
#include "splitter.h"
#include "stream.h"

/* stream.c */
/* The server answers as it should; it does not. */
void		 stream_is_well(struct stream *);
void		 stream_broken(struct stream *);
/* A list is being streamed: it must go on within a while. */
void		 stream_quiet(struct stream *);
/* Everything was listed, at list_version: what was not mentioned is gone. */
void		 stream_listed(struct stream *);
/* The answer has ended, whatever it was. */
void		 stream_done(struct http_request *, const struct http_reply *,
		    void *stream);

/* Before the next try. */
void		 stream_wait(struct stream *, uint64_t ms);
/* The next request: a list if there has to be one, else a watch. */
void		 stream_again(struct stream *);
/* The server takes sendInitialEvents for nothing, or does not take it. */
void		 stream_list_plain(struct stream *);
/* Tells the owner if it can be believed more or less than before. */
void		 stream_tell(struct stream *);
/* "pods in prod", a static buffer. */
const char	*stream_name(const struct stream *);

/* stream_fail.c: code is the HTTP status or that of an ERROR event, 0 if the
 * connection failed or the answer made no sense; retry_after in ms, -1: none. */
void		 stream_failed(struct stream *, unsigned code,
		    int64_t retry_after, const char *text);

/* stream_request.c */
/* The first page of a list, or the next one; or all of it as a watch. */
void		 stream_list(struct stream *);
void		 stream_watch(struct stream *);

/* stream_read.c: the answer, in whichever encoding it comes. */
int		 stream_feed(struct stream *, const char *, size_t);
/* NULL if the answer may end here, else a static text. */
const char	*stream_finish(const struct stream *);
void		 stream_forget_answer(struct stream *);
/* "HTTP 403: pods is forbidden: ..." if the body is a Status. */
void		 stream_status_text(const struct http_reply *, char *, size_t);

/* For the decoders: 0, or -1 and the request ends. */
int		 stream_refuse(struct stream *, const char *problem);
int		 stream_on_item(struct stream *, const struct object *);
int		 stream_on_list(struct stream *, struct text version,
		    struct text token);
int		 stream_on_event(struct stream *, struct text type,
		    const struct object *);
int		 stream_on_bookmark(struct stream *, struct text version,
		    struct text initial_end);
/* An ERROR event bears a Status. */
struct stream_status {
	int		 code;
	int		 retry_after;	/* seconds */
	struct text	 reason, message;
};
int		 stream_on_error(struct stream *, const struct stream_status *);

/* stream_json.c, stream_wire.c */
int		 stream_json_list(const char *, size_t, int rest, void *stream);
int		 stream_json_event(const char *, size_t, int rest, void *stream);
int		 stream_wire_piece(enum frame_piece, const void *, size_t,
		    void *stream);
/* The message of a Status; false if the body is of another encoding. */
bool		 stream_json_status(const char *, size_t, char *text, size_t);
bool		 stream_wire_status(const char *, size_t, char *text, size_t);

#endif
