#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/timestamp.h"
#include "core.h"
#include "replay.h"
#include "row.h"

#define AFTER_THE_END	(24 * 3600 * 1000ULL)	/* ms */

struct replay {
	struct incidents *core;
	struct stand_in	*page;
	struct conf	*conf;		/* that runs, NULL: none yet */
	struct conf	*next;		/* the one that is being read */
	bool		 given;		/* conf is not the history's own */
	bool		 has_page;	/* it was read in the history ... */
	bool		 invented;	/* ... or had to be made up */
	bool		 begun;
	bool		 verbose;
	uint64_t	 now;
	unsigned	 posts;
	replay_print_fn	 print;
};

/* -- what is printed ------------------------------------------------------ */

static void	say(const struct replay *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(const struct replay *r, const char *format, ...)
{
	char when[TIMESTAMP_SIZE];
	char *text, *line;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) == -1)
		fatal("vasprintf");
	va_end(ap);
	line = xasprintf("%s  %s", timestamp_format(r->now, when), text);
	r->print(line);
	free(line);
	free(text);
}

static const char *
what(const struct operation *op)
{
	if (op->type == OP_CREATE)
		return ("create");
	if (op->phase == PHASE_RESOLVED)
		return ("resolve");
	return (op->reopen ? "reopen" : "update");
}

static void
say_components(const struct replay *r, const struct operation *op)
{
	const char *status;
	char *line;
	size_t n;

	for (n = 0; n < op->ncomponent; n++) {
		status = op->component[n].status == PAGE_STATUS_MAX ?
		    "as it is" : page_status_name(op->component[n].status);
		line = xasprintf("    %s %s", op->component[n].id, status);
		r->print(line);
		free(line);
	}
}

static void
say_message(const struct replay *r, const char *message)
{
	const char *end;
	char *line;

	for (; *message != '\0'; message = *end == '\0' ? end : end + 1) {
		end = message + strcspn(message, "\n");
		line = xasprintf("    |%s%.*s", end > message ? " " : "",
		    (int)(end - message), message);
		r->print(line);
		free(line);
	}
}

static void
say_post(struct replay *r, const struct operation *op)
{
	switch (op->type) {
	case OP_CREATE:
	case OP_UPDATE:
		say(r, "%s \"%s\" %s", what(op), op->rename != NULL ? op->rename : op->name,
		    incident_phase_name(op->phase));
		say_components(r, op);
		say_message(r, op->message);
		break;
	case OP_STATUS:
		say(r, "status %s %s", op->component->id,
		    page_status_name(op->component->status));
		break;
	case OP_WEBHOOK:
		say(r, "webhook %s", op->down ? "down" : "up");
		break;
	default:
		return;
	}
	r->posts++;
}

/* -- time ----------------------------------------------------------------- */

/* All that can be done now. */
static void
settle(struct replay *r)
{
	enum operation_result result;
	struct operation op;
	const char *id;

	for (;;) {
		incidents_next(r->core, r->now, true, &op);
		if (op.type == OP_NONE && incidents_wake(r->core) > r->now)
			return;
		if (op.type == OP_NONE)
			continue;
		id = NULL;
		result = stand_in_act(r->page, &op, &id);
		if (result == OP_DONE)
			say_post(r, &op);
		incidents_done(r->core, op.id, result, id, 0, r->now);
	}
}

static void
pass(struct replay *r, uint64_t end)
{
	uint64_t wake;

	while ((wake = incidents_wake(r->core)) <= end) {
		if (wake > r->now)
			r->now = wake;
		settle(r);
	}
	r->now = end;
}

/* -- configurations ------------------------------------------------------- */

static void
conf_begin(struct replay *r)
{
	static struct row row;
	json_t *nothing;
	char why[64];

	if (r->next != NULL)
		return;
	r->next = conf_new();
	nothing = json_object();
	if (row_parse(&row, nothing, MSG_CONF_GLOBAL, ROLE_PARENT,
	    ROLE_NOTIFIER, why, sizeof(why)) == 0)
		conf_take(r->next, &row.m);
	json_decref(nothing);
}

/* Without a page in the history all components are on one. */
static void
invent_page(struct replay *r)
{
	const struct conf_component *c;

	r->invented = true;
	TAILQ_FOREACH(c, &r->conf->components, entry)
		stand_in_component(r->page, "page", c->id, c->id,
		    PAGE_STATUS_MAX);
	stand_in_complete(r->page);
	stand_in_read(r->page, r->core);
}

static void
conf_commit(struct replay *r)
{
	struct incidents_options options;

	if (r->next == NULL)
		return;
	options = (struct incidents_options) {
		.publish = r->next->global.publish,
		.webhook = r->next->global.webhook,
		.storm = r->next->global.storm,
		.group_wait = r->next->global.group_wait
	};
	incidents_configure(r->core, r->next, &options, r->now);
	conf_free(r->conf);
	r->conf = r->next;
	r->next = NULL;
	r->invented = false;
}

/* -- lines ---------------------------------------------------------------- */

static const char *
on_row(struct replay *r, struct recording_line *l)
{
	if (r->given)
		return (NULL);
	conf_begin(r);
	return (conf_take(r->next, l->row));
}

static const char *
on_page(struct replay *r, const struct recording_line *l)
{
	r->has_page = true;
	return (stand_in_component(r->page, l->page, l->id, l->name,
	    l->status) ? NULL : "there are too many components");
}

static const char *
on_health(struct replay *r, struct recording_line *l)
{
	struct health_report h;

	if (!recording_report(l->row, l->watcher, &h))
		return ("such a health there is not");
	if (r->verbose)
		say(r, "heard %s is %s, %s, %u of %u ready%s", h.component,
		    health_name(h.health), cause_name(h.cause), h.ready,
		    h.desired, h.paused ? ", paused" : "");
	incidents_health(r->core, &h, r->now);
	return (NULL);
}

static const char *
on_record(struct replay *r, const struct recording_line *l)
{
	if (strncmp(l->key, ORDER_PREFIX, strlen(ORDER_PREFIX)) == 0)
		return (incidents_order_record(r->core, l->key, l->text,
		    strlen(l->text)) == -1 ? "such an order there is not" :
		    NULL);
	if (incidents_restore(r->core, l->key, l->text, strlen(l->text)) == -1)
		return ("such a record there is not");
	stand_in_record(r->page, l->key, l->text);
	return (NULL);
}

/* What changes the core, once the configuration before it runs. */
static const char *
on_input(struct replay *r, struct recording_line *l)
{
	switch (l->kind) {
	case RECORDING_RECORD:
		return (on_record(r, l));
	case RECORDING_FORGET:
		incidents_forget(r->core);
		break;
	case RECORDING_READ:
		r->has_page = true;
		stand_in_complete(r->page);
		stand_in_read(r->page, r->core);
		break;
	case RECORDING_HEALTH:
		return (on_health(r, l));
	case RECORDING_BEGIN:
		incidents_silence_begin(r->core, l->watcher);
		break;
	case RECORDING_END:
		incidents_silence_end(r->core, l->watcher, r->now);
		break;
	case RECORDING_CLOSED:
		if (r->verbose)
			say(r, "heard a human resolved an incident");
		stand_in_close(r->page, l->components);
		stand_in_read(r->page, r->core);
		break;
	case RECORDING_NOTE:
		if (r->verbose)
			say(r, "note %s", l->text);
		break;
	default:
		break;
	}
	return (NULL);
}

/* Time goes on to the line, with all that was due before it. */
static void
until(struct replay *r, uint64_t at)
{
	/* Lines of one moment are one piece of news. */
	if (r->begun && at > r->now) {
		settle(r);
		pass(r, at - 1);
	}
	r->now = at;
	r->begun = true;
}

const char *
replay_line(struct replay *r, struct recording_line *l)
{
	if (l->kind == RECORDING_HEAD)
		return (NULL);
	if (l->kind == RECORDING_RULES || l->kind == RECORDING_COMPONENT ||
	    l->kind == RECORDING_TEXT) {
		until(r, l->at);
		return (on_row(r, l));
	}
	if (r->next != NULL || r->conf == NULL) {
		conf_begin(r);
		conf_commit(r);
	}
	until(r, l->at);
	if (l->kind == RECORDING_PAGE)
		return (on_page(r, l));
	if (!r->has_page && !r->invented && l->kind == RECORDING_HEALTH)
		invent_page(r);
	return (on_input(r, l));
}

void
replay_finish(struct replay *r)
{
	uint64_t end = r->now + AFTER_THE_END;

	conf_commit(r);
	settle(r);
	pass(r, end);
	r->now = end;
	if (r->posts == 0)
		r->print("nothing would have been posted");
}

struct replay *
replay_new(struct conf *conf, bool verbose, replay_print_fn print)
{
	struct replay *r = xcalloc(1, sizeof(*r));

	r->core = incidents_new();
	r->page = stand_in_new();
	r->given = conf != NULL;
	r->next = conf;
	r->verbose = verbose;
	r->print = print;
	return (r);
}

void
replay_free(struct replay *r)
{
	incidents_free(r->core);
	stand_in_free(r->page);
	conf_free(r->conf);
	conf_free(r->next);
	free(r);
}
