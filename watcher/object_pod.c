/*
 * What a pod's status says: is it ready, since when, and if not, why.
 *
 * Details are made only of what stays the same while the cause does: no counters,
 * no back-off times, so that a pod that keeps failing makes no new text.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "facts.h"

/* A kubelet reports Ready=False when it takes a pod over; a later change to
 * False can only come from True. */
#define FIRST_REPORT	10000	/* ms after startTime */

/* Waiting reasons of the kubelet (pkg/kubelet/images/types.go,
 * pkg/kubelet/kuberuntime, pkg/kubelet/container/sync_result.go). */
static const struct {
	const char	*reason;
	enum cause	 cause;
} waiting_reasons[] = {
	{ "CrashLoopBackOff",		CAUSE_CRASH_LOOP },
	{ "ErrImagePull",		CAUSE_IMAGE },
	{ "ImagePullBackOff",		CAUSE_IMAGE },
	{ "ErrImageNeverPull",		CAUSE_IMAGE },
	{ "InvalidImageName",		CAUSE_IMAGE },
	{ "ImageInspectError",		CAUSE_IMAGE },
	{ "RegistryUnavailable",	CAUSE_IMAGE },
	{ "SignatureValidationFailed",	CAUSE_IMAGE },
	{ "CreateContainerConfigError",	CAUSE_CONFIG },
	{ "CreateContainerError",	CAUSE_CONFIG },
	{ "PreCreateHookError",		CAUSE_CONFIG },
	{ "PreStartHookError",		CAUSE_CONFIG },
	{ "PostStartHookError",		CAUSE_CONFIG },
	{ "RunContainerError",		CAUSE_CONFIG },
};

/* Reasons of a failed pod (kubelet eviction, node shutdown, node controller). */
static const struct {
	const char	*reason;
	enum cause	 cause;
} pod_reasons[] = {
	{ "Evicted",		CAUSE_EVICTED },
	{ "Preempting",		CAUSE_EVICTED },
	{ "NodeLost",		CAUSE_NODE_LOST },
	{ "NodeShutdown",	CAUSE_NODE_LOST },
	{ "Shutdown",		CAUSE_NODE_LOST },
	{ "Terminated",		CAUSE_NODE_LOST },
	{ "NodeAffinity",	CAUSE_UNSCHEDULABLE },
};

static void	 say(struct object *, enum cause, const char *, ...)
		    __attribute__((format(printf, 3, 4)));

/* For "%.*s". */
#define SPAN(t)	(int)(t).len, (t).p == NULL ? "" : (t).p

/* The cause and its text, cut at a character's boundary. */
static void
say(struct object *o, enum cause cause, const char *fmt, ...)
{
	va_list	 ap;
	size_t	 len;
	int	 n;

	o->pod.cause = cause;
	va_start(ap, fmt);
	n = vsnprintf(o->detail, sizeof(o->detail), fmt, ap);
	va_end(ap);
	if (n < (int)sizeof(o->detail))
		return;
	len = strlen(o->detail);
	while (len > 0 && (o->detail[len - 1] & 0xc0) == 0x80)
		len--;
	if (len > 0 && (o->detail[len - 1] & 0x80) != 0)
		len--;
	o->detail[len] = '\0';
}

static enum cause
waiting_cause(struct text reason)
{
	size_t	 i;

	for (i = 0; i < sizeof(waiting_reasons) / sizeof(*waiting_reasons); i++)
		if (text_is(reason, waiting_reasons[i].reason))
			return (waiting_reasons[i].cause);
	return (CAUSE_NONE);
}

static bool
out_of_memory(const struct fact_ended *e)
{
	return (text_is(e->reason, "OOMKilled"));
}

/* Does it say why it is not ready? */
static bool
container_is_sick(const struct fact_container *c, bool init)
{
	if (c->ready)
		return (false);
	if (waiting_cause(c->waiting_reason) != CAUSE_NONE)
		return (true);
	if (c->ended.there && c->ended.exit_code == 0 && init)
		return (false);
	if (c->ended.there && (c->restarts > 0 || out_of_memory(&c->ended)))
		return (true);
	/* It runs again between two crashes. */
	return (c->last.there && c->restarts > 1);
}

void
facts_container(struct facts *f, const struct fact_container *c, bool init)
{
	if (!init && !f->has_starved && out_of_memory(&c->ended)) {
		f->starved = *c;
		f->has_starved = true;
	}
	if ((init ? f->has_init : f->has_main) || !container_is_sick(c, init))
		return;
	if (init) {
		f->init = *c;
		f->has_init = true;
	} else {
		f->main = *c;
		f->has_main = true;
	}
}

/* How a container ended: "exit code 1" or "out of memory". */
static void
say_ended(struct object *o, struct text name, const struct fact_ended *ended)
{
	if (out_of_memory(ended))
		say(o, CAUSE_OOM, "container %.*s: out of memory", SPAN(name));
	else if (ended->there)
		say(o, CAUSE_CRASH_LOOP, "container %.*s: keeps ending, exit "
		    "code %d", SPAN(name), ended->exit_code);
	else
		say(o, CAUSE_CRASH_LOOP, "container %.*s: keeps ending",
		    SPAN(name));
}

static void
say_container(struct object *o, const struct fact_container *c)
{
	switch (waiting_cause(c->waiting_reason)) {
	case CAUSE_CRASH_LOOP:
		say_ended(o, c->name, &c->last);
		break;
	case CAUSE_IMAGE:
		say(o, CAUSE_IMAGE, "container %.*s: image %.*s cannot be "
		    "pulled", SPAN(c->name), SPAN(c->image));
		break;
	case CAUSE_CONFIG:
		say(o, CAUSE_CONFIG, "container %.*s: %.*s: %.*s",
		    SPAN(c->name), SPAN(c->waiting_reason),
		    SPAN(c->waiting_message));
		break;
	default:
		say_ended(o, c->name, c->ended.there ? &c->ended : &c->last);
	}
}

static void
say_failed(struct object *o, const struct facts *f)
{
	size_t	 i;

	for (i = 0; i < sizeof(pod_reasons) / sizeof(*pod_reasons); i++)
		if (text_is(f->reason, pod_reasons[i].reason)) {
			say(o, pod_reasons[i].cause, "%.*s: %.*s",
			    SPAN(f->reason), SPAN(f->message));
			return;
		}
	if (f->has_starved)
		say_ended(o, f->starved.name, &f->starved.ended);
	else
		say(o, CAUSE_FAILED, "failed%s%.*s", f->reason.len > 0 ? ": " :
		    "", SPAN(f->reason));
}

static bool
condition_is(const struct facts *f, enum condition c, const char *status)
{
	return (text_is(f->condition[c].status, status));
}

/*
 * The node controller sets Ready to False when a node stops reporting, and
 * leaves all the rest as the kubelet last wrote it.
 */
static bool
node_is_lost(const struct facts *f)
{
	if (text_is(f->reason, "NodeLost") || text_is(f->phase, "Unknown"))
		return (true);
	return (condition_is(f, CONDITION_READY, "False") &&
	    condition_is(f, CONDITION_CONTAINERS_READY, "True") &&
	    !text_is(f->condition[CONDITION_READY].reason,
	    "ReadinessGatesNotReady"));
}

static void
say_unready(struct object *o, const struct facts *f)
{
	const struct fact_condition	*c = &f->condition[CONDITION_SCHEDULED];

	if (node_is_lost(f))
		say(o, CAUSE_NODE_LOST, "its node does not report");
	else if (text_is(c->status, "False") &&
	    text_is(c->reason, "Unschedulable"))
		say(o, CAUSE_UNSCHEDULABLE, "cannot be scheduled: %.*s",
		    SPAN(c->message));
	else if (f->has_init)
		say_container(o, &f->init);
	else if (f->has_main)
		say_container(o, &f->main);
	else
		say(o, CAUSE_NOT_READY, "not ready");
}

void
object_conclude_pod(struct object *o, const struct facts *f)
{
	const struct fact_condition	*ready = &f->condition[CONDITION_READY];
	struct pod_state		*p = &o->pod;

	p->name = o->name;
	p->detail = o->detail;
	p->created = f->created;
	p->terminating = f->deleted;
	p->succeeded = text_is(f->phase, "Succeeded");
	p->failed = text_is(f->phase, "Failed");
	p->ready_since = ready->since;
	p->ready = text_is(ready->status, "True") && !p->succeeded && !p->failed;
	p->was_ready = p->ready || (f->started != 0 && !p->failed &&
	    !p->succeeded && p->ready_since > f->started + FIRST_REPORT);
	if (p->failed)
		say_failed(o, f);
	else if (!p->ready && !p->succeeded)
		say_unready(o, f);
}
