/*
 * What a pod's status says: is it ready, since when, and if not, why.
 *
 * Details are made only of what stays the same while the cause does: no counters,
 * no back-off times, so that a pod that keeps failing makes no new text.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "object.h"
#include "timestamp.h"

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

static const char *
or_empty(const char *s)
{
	return (s == NULL ? "" : s);
}

static void	 say(struct object *, enum cause, const char *, ...)
		    __attribute__((format(printf, 3, 4)));

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
waiting_cause(const char *reason)
{
	size_t	 i;

	for (i = 0; i < sizeof(waiting_reasons) / sizeof(*waiting_reasons); i++)
		if (strcmp(waiting_reasons[i].reason, reason) == 0)
			return (waiting_reasons[i].cause);
	return (CAUSE_NONE);
}

static bool
out_of_memory(const json_t *terminated)
{
	return (strcmp(or_empty(member_text(terminated, "reason")),
	    "OOMKilled") == 0);
}

/* How a container ended: "exit code 1" or "out of memory". */
static void
say_ended(struct object *o, const char *name, const json_t *ended)
{
	if (out_of_memory(ended))
		say(o, CAUSE_OOM, "container %s: out of memory", name);
	else if (ended != NULL)
		say(o, CAUSE_CRASH_LOOP, "container %s: keeps ending, exit code "
		    "%u", name, member_count(ended, "exitCode", 0));
	else
		say(o, CAUSE_CRASH_LOOP, "container %s: keeps ending", name);
}

/* One container that is not ready: true if it says why. */
static bool
container_cause(struct object *o, const json_t *c, bool init)
{
	const json_t	*state = member(c, "state");
	const json_t	*ended = member(state, "terminated");
	const json_t	*last = member(member(c, "lastState"), "terminated");
	const char	*name = or_empty(member_text(c, "name"));
	const char	*reason;
	unsigned	 restarts = member_count(c, "restartCount", 0);

	if (member_true(c, "ready"))
		return (false);
	reason = or_empty(member_text(member(state, "waiting"), "reason"));
	switch (waiting_cause(reason)) {
	case CAUSE_CRASH_LOOP:
		say_ended(o, name, last);
		return (true);
	case CAUSE_IMAGE:
		say(o, CAUSE_IMAGE, "container %s: image %s cannot be pulled",
		    name, or_empty(member_text(c, "image")));
		return (true);
	case CAUSE_CONFIG:
		say(o, CAUSE_CONFIG, "container %s: %s: %s", name, reason,
		    or_empty(member_text(member(state, "waiting"), "message")));
		return (true);
	default:
		break;
	}
	if (ended != NULL && member_count(ended, "exitCode", 0) == 0 && init)
		return (false);
	if (ended != NULL && (restarts > 0 || out_of_memory(ended))) {
		say_ended(o, name, ended);
		return (true);
	}
	/* It runs again between two crashes. */
	if (last != NULL && restarts > 1) {
		say_ended(o, name, last);
		return (true);
	}
	return (false);
}

static bool
containers_cause(struct object *o, const json_t *status, const char *which,
    bool init)
{
	const json_t	*c, *all = member(status, which);
	size_t		 i;

	json_array_foreach(all, i, c)
		if (container_cause(o, c, init))
			return (true);
	return (false);
}

static void
failed_cause(struct object *o, const json_t *status)
{
	const char	*reason = or_empty(member_text(status, "reason"));
	const json_t	*c, *all = member(status, "containerStatuses");
	size_t		 i;

	for (i = 0; i < sizeof(pod_reasons) / sizeof(*pod_reasons); i++)
		if (strcmp(pod_reasons[i].reason, reason) == 0) {
			say(o, pod_reasons[i].cause, "%s: %s", reason,
			    or_empty(member_text(status, "message")));
			return;
		}
	json_array_foreach(all, i, c) {
		const json_t *t = member(member(c, "state"), "terminated");

		if (out_of_memory(t)) {
			say_ended(o, or_empty(member_text(c, "name")), t);
			return;
		}
	}
	say(o, CAUSE_FAILED, "failed%s%s", reason[0] != '\0' ? ": " : "", reason);
}

/*
 * The node controller sets Ready to False when a node stops reporting, and
 * leaves all the rest as the kubelet last wrote it.
 */
static bool
node_is_lost(const json_t *status, const json_t *ready)
{
	if (strcmp(or_empty(member_text(status, "reason")), "NodeLost") == 0 ||
	    strcmp(or_empty(member_text(status, "phase")), "Unknown") == 0)
		return (true);
	return (condition_is(ready, "False") &&
	    condition_is(condition_find(status, "ContainersReady"), "True") &&
	    strcmp(or_empty(member_text(ready, "reason")),
	    "ReadinessGatesNotReady") != 0);
}

static void
unready_cause(struct object *o, const json_t *status, const json_t *ready)
{
	const json_t	*c = condition_find(status, "PodScheduled");

	if (node_is_lost(status, ready))
		say(o, CAUSE_NODE_LOST, "its node does not report");
	else if (condition_is(c, "False") &&
	    strcmp(or_empty(member_text(c, "reason")), "Unschedulable") == 0)
		say(o, CAUSE_UNSCHEDULABLE, "cannot be scheduled: %s",
		    or_empty(member_text(c, "message")));
	else if (!containers_cause(o, status, "initContainerStatuses", true) &&
	    !containers_cause(o, status, "containerStatuses", false))
		say(o, CAUSE_NOT_READY, "not ready");
}

void
object_decode_pod(struct object *o, const json_t *root)
{
	const json_t	*metadata = member(root, "metadata");
	const json_t	*status = member(root, "status");
	const json_t	*ready = condition_find(status, "Ready");
	const char	*phase = or_empty(member_text(status, "phase"));
	struct pod_state *p = &o->pod;
	uint64_t	 start = member_time(status, "startTime");

	o->labels = member(metadata, "labels");
	o->template_hash = or_empty(object_label("pod-template-hash", o));
	o->revision = o->template_hash[0] != '\0' ? o->template_hash :
	    or_empty(object_label("controller-revision-hash", o));

	p->name = o->name;
	p->detail = o->detail;
	p->created = member_time(metadata, "creationTimestamp");
	p->terminating = member(metadata, "deletionTimestamp") != NULL;
	p->succeeded = strcmp(phase, "Succeeded") == 0;
	p->failed = strcmp(phase, "Failed") == 0;
	p->ready_since = member_time(ready, "lastTransitionTime");
	p->ready = condition_is(ready, "True") && !p->succeeded && !p->failed;
	p->was_ready = p->ready || (start != 0 && !p->failed && !p->succeeded &&
	    p->ready_since > start + FIRST_REPORT);
	if (p->failed)
		failed_cause(o, status);
	else if (!p->ready && !p->succeeded)
		unready_cause(o, status, ready);
}
