/*
 * The Instatus API: paths, bodies and replies, by its OpenAPI description
 * 2.0.0. No I/O.  What comes back is chosen by whoever answers: every field is
 * checked.
 */
#ifndef KANATA_NOTIFIER_INSTATUS_H
#define KANATA_NOTIFIER_INSTATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/http.h"
#include "incident.h"

#define INSTATUS_PER_PAGE	100
#define INSTATUS_ID_MAX		128
#define INSTATUS_PAGES_MAX	200	/* parts of one list that are read */

/* What an answer means for what was asked. */
enum api_result {
	API_OK,			/* json is there */
	API_RETRY,		/* certainly not done; may work later */
	API_UNSURE,		/* may have been done */
	API_UNAUTHORISED,	/* 401, 403 */
	API_MISSING,		/* 404 */
	API_REFUSED		/* any other 4xx: never as it is */
};

struct api_reply {
	enum api_result	 result;
	long		 status;	/* of HTTP, 0: none */
	json_t		*json;		/* borrowed by who is called back */
	int64_t		 retry_after;	/* ms, -1: not said */
	char		 error[512];	/* safe to log; "" if all is well */
};
/* Owned json, to be released by the caller.  write: the request changes
 * something. */
void	 instatus_judge(const struct http_reply *, bool write,
	    struct api_reply *);

/* [A-Za-z0-9_-]{1,128}: fit for a path. */
bool	 instatus_id_ok(const char *);

/* Bodies; the caller frees.  The components of an operation. */
char	*instatus_create_body(const struct operation *);
char	*instatus_update_body(const struct operation *);
char	*instatus_status_body(enum page_status);
/* The incident as it was read, with the operation's components instead of its
 * own, and its new name unless a human gave it one; NULL if that is what it has,
 * or it cannot be put back. */
char	*instatus_incident_body(const json_t *incident,
	    const struct operation *);

/* Reading a list: 0, or -1 if it is none.  *full: there may be more. */
struct instatus_page { const char *id, *name; };
struct instatus_component {
	const char	*id, *name;
	enum page_status status;
};
int	 instatus_list(const json_t *, size_t *n, bool *full);
/* Item n of a list; false: not one that makes sense. */
bool	 instatus_page(const json_t *list, size_t n, struct instatus_page *);
bool	 instatus_component(const json_t *, struct instatus_component *);

struct instatus_incident {
	const char	*id, *name;
	uint64_t	 started;
	enum incident_phase phase;
};
bool	 instatus_incident(const json_t *, struct instatus_incident *);
/* An update with this timestamp is among those of the incident. */
bool	 instatus_has_update(const json_t *incident, uint64_t started);

#endif
