/* What the files that post share. */
#ifndef KANATA_NOTIFIER_POST_LOCAL_H
#define KANATA_NOTIFIER_POST_LOCAL_H

#include "notifier.h"

/* An operation with texts of its own: those of the core may change
 * meanwhile. */
struct post {
	struct operation op;
	char		*page, *instatus_id, *name, *message, *private, *key;
	char		*rename;
	struct operation_component *component;
	char		**component_id;
	unsigned	 part;		/* of a list */
	bool		 everything;	/* resolved incidents too */
};

/* post.c */
/*
 * A request of it; takes the body, NULL: none.  What it would change is held back,
 * and the operation tried again later, when another one has begun to speak.
 */
void	 post_send(const char *method, char *body, api_done_fn, struct post *,
	    const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Its end, which frees it.  delay: ms until it may be tried again. */
void	 post_done(struct post *, enum operation_result, const char *id,
	    uint64_t delay);
/*
 * The same after a request that failed.  looking: it only looked, so nothing was
 * done; lost says what a 404 means.
 */
void	 post_failed(struct post *, const struct api_reply *, bool looking,
	    enum operation_result lost);
/* The reply as a failure, since it is no answer. */
struct api_reply post_broken(const struct api_reply *, enum api_result,
	    const char *why);
/* What it is called in the log; one static buffer. */
const char *post_describe(const struct post *);

/* post_incident.c */
void	 post_incident_create(struct post *);
/* Looks at the incident as it stands, then updates it; of OP_FIND, only looks. */
void	 post_incident_update(struct post *);
void	 post_incident_find(struct post *);

/* post_observe.c: says what the operation would do, and that it is done. */
void	 post_observe(const struct operation *);

#endif
