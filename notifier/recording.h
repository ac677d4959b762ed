/*
 * Recorded histories: what the core was told, and when, one JSON object in a
 * line, for people to read and to edit.  No secret is in one.
 *
 *	{"history":1}
 *	{"at":T,"rules":{"storm":5,..}}		MSG_CONF_GLOBAL
 *	{"at":T,"component":{"id":..,..}}	MSG_CONF_COMPONENT
 *	{"at":T,"text":{"which":..,..}}	MSG_CONF_TEXT
 *	{"at":T,"record":{"key":..,"value":{..}}}  the store remembers it,
 *						or an operator's order; null:
 *						not any more
 *	{"at":T,"page":{"page":..,"id":..,"name":..,"status":..}}
 *	{"at":T,"mark":"read"}			these are all there are
 *	{"at":T,"watcher":1,"health":{"component":..,"health":..,..}}
 *	{"at":T,"watcher":1,"mark":"begin"}	it will say all it knows
 *	{"at":T,"watcher":1,"mark":"end"}	this was all
 *	{"at":T,"closed":{"components":[..]}}	a human resolved the incident
 *	{"at":T,"mark":"forget"}		records follow anew
 *	{"at":T,"note":".."}			for people
 *
 * Rules, components and texts that follow each other are one configuration, whole.
 * What is left out has the value that kanata.conf(5) gives it, or 0.  A page's
 * status is there only if a human has set it.
 */
#ifndef KANATA_NOTIFIER_RECORDING_H
#define KANATA_NOTIFIER_RECORDING_H

#include <jansson.h>

#include "../common/message.h"
#include "incident.h"

#define RECORDING_LINE_MAX	49152	/* bytes, as MSG_RECORD_LINE */

enum recording_kind {
	RECORDING_HEAD,
	RECORDING_RULES,		/* row */
	RECORDING_COMPONENT,	/* row */
	RECORDING_TEXT,		/* row */
	RECORDING_RECORD,		/* key, text */
	RECORDING_FORGET,
	RECORDING_PAGE,		/* page, id, name, status */
	RECORDING_READ,
	RECORDING_HEALTH,		/* row, watcher */
	RECORDING_BEGIN,		/* watcher */
	RECORDING_END,		/* watcher */
	RECORDING_CLOSED,		/* components: array of texts */
	RECORDING_NOTE		/* text */
};

/* The lines, without a newline.  The caller frees. */
char	*recording_head(void);
char	*recording_mark(uint64_t at, enum recording_kind, unsigned watcher);
char	*recording_rules(uint64_t at, const struct conf_global *);
char	*recording_component(uint64_t at, const struct conf_component *);
/* component "": of all. */
char	*recording_text(uint64_t at, const char *component, enum template_kind,
	    const char *text);
/* len 0: it is gone. */
char	*recording_record(uint64_t at, const char *key, const char *json,
	    size_t len);
/* PAGE_STATUS_MAX: what we have set. */
char	*recording_page(uint64_t at, const char *page, const char *id,
	    const char *name, enum page_status);
char	*recording_health(uint64_t at, const struct health_report *);
char	*recording_closed(uint64_t at, const struct incident_view *);
char	*recording_note(uint64_t at, const char *);

/* One line, read.  All pointers are valid until the next one is. */
struct recording_line {
	enum recording_kind kind;
	uint64_t	 at;
	unsigned	 watcher;
	struct message	*row;
	const char	*page, *id, *name, *key, *text;	/* text "": null */
	enum page_status status;
	const json_t	*components;
	unsigned	 column;	/* of an error */
	json_t		*json;		/* owns the texts */
	char		*value;
};
void	 recording_line_clear(struct recording_line *);

/* -1 and what was expected in why, of size bytes, if it is none; to be cleared
 * all the same. */
int	 recording_read(struct recording_line *, const char *text, size_t len,
	    char *why, size_t size);

/* A MSG_HEALTH_SET; false if it makes no sense. */
bool	 recording_report(struct message *, unsigned watcher,
	    struct health_report *);

#endif
