/*
 * /admin/operate: silences and maintenances by click.  The notifier does it, or
 * says why not; the answer waits for that.
 */
#include <sys/queue.h>

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "../common/duration.h"
#include "../common/log.h"
#include "admin.h"
#include "mirror.h"
#include "route.h"
#include "web.h"

#define TIME_MAX	15		/* s */
#define REASON_MAX	256		/* bytes */

struct pending {
	LIST_ENTRY(pending) entry;
	uint32_t	 id;
	struct request	*request;
	struct event	*timer;
};
static LIST_HEAD(, pending) all = LIST_HEAD_INITIALIZER(all);

static void
pending_free(void *arg)
{
	struct pending *p = arg;

	LIST_REMOVE(p, entry);
	event_free(p->timer);
	free(p);
}

/* The session may have ended meanwhile: then the page is without a form. */
static void
pending_answer(struct pending *p, int code, const char *problem)
{
	struct request *req = p->request;

	request_wait_end(req);
	pending_free(p);
	if (problem == NULL)
		admin_redirect(req);
	else
		admin_fail(req, code, problem, login_find(req));
}

static void
on_answer(uint32_t id, const char *problem)
{
	struct pending *p;

	LIST_FOREACH(p, &all, entry)
		if (p->id == id) {
			pending_answer(p, 409, problem);
			return;
		}
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pending_answer(arg, 504, "The notifier does not answer: whether it was "
	    "done is to be seen here in a while.");
}

static void
pend(struct request *req, uint32_t id)
{
	static const struct timeval limit = { TIME_MAX, 0 };
	struct pending *p;

	if ((p = calloc(1, sizeof(*p))) == NULL ||
	    (p->timer = evtimer_new(worker_base(), on_timeout, p)) == NULL)
		fatal("calloc");
	p->id = id;
	p->request = req;
	LIST_INSERT_HEAD(&all, p, entry);
	evtimer_add(p->timer, &limit);
	request_wait(req, pending_free, p);
}

/* What the form asks for; NULL: nothing that there is. */
static struct message_out *
make_message(const struct request *req, const char *user, uint32_t id)
{
	const char *what = request_parameter(req, "do");
	const char *component = request_parameter(req, "component");
	const char *duration = request_parameter(req, "duration");
	const char *reason = request_parameter(req, "reason");
	struct message_out *m;
	uint64_t ms;
	bool silence;

	if (what == NULL || component == NULL || duration == NULL ||
	    reason == NULL || strlen(reason) > REASON_MAX ||
	    mirror_component(component) == NULL ||
	    duration_parse(duration, &ms) == -1 || ms == 0)
		return (NULL);
	silence = strcmp(what, "silence") == 0;
	if (silence || strcmp(what, "unsilence") == 0) {
		m = message_new(MSG_CTL_SILENCE, id);
		message_put_s(m, component);
		message_put_u(m, silence ? ms : 0);
		message_put_s(m, reason);
		message_put_s(m, user);
		return (m);
	}
	if (strcmp(what, "start") != 0 && strcmp(what, "end") != 0)
		return (NULL);
	m = message_new(MSG_CTL_MAINTENANCE, id);
	message_put_b(m, strcmp(what, "start") == 0);
	message_put_u(m, ms);
	message_put_s(m, reason);
	message_put_s(m, user);
	message_put_s(m, component);
	return (m);
}

static void
answer_operate(struct request *req)
{
	static uint32_t last = 1;	/* 1 is the feed's */
	const struct session *s = login_form(req);
	struct message_out *m;

	if (s == NULL)
		return;
	if (++last <= 1)
		last = 2;
	if ((m = make_message(req, s->user, last)) == NULL)
		admin_fail(req, 400, "A component, what to do and for how long: "
		    "one of these makes no sense.", s);
	else if (!mirror_tell(m))
		admin_fail(req, 503, "The notifier is not there: try again in "
		    "a while.", s);
	else
		pend(req, last);
}

void
operate_init(void)
{
	mirror_answers(on_answer);
}

const struct route operate_routes[] = {
	{ "/admin/operate", METHOD_POST, answer_operate },
	{ NULL, 0, NULL }
};
