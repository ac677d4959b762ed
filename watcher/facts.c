/*
 * What decoders have in common: which labels, annotations, conditions and
 * containers matter at all.
 */
#include <limits.h>
#include <string.h>

#include "facts.h"

#define PAUSED		"kanata/paused"
#define REVISION	"deployment.kubernetes.io/revision"
#define INITIAL_END	"k8s.io/initial-events-end"

static const char *const conditions[CONDITION_MAX] = {
	[CONDITION_READY] = "Ready",
	[CONDITION_CONTAINERS_READY] = "ContainersReady",
	[CONDITION_SCHEDULED] = "PodScheduled",
	[CONDITION_PROGRESSING] = "Progressing",
	[CONDITION_AVAILABLE] = "Available",
	[CONDITION_REPLICA_FAILURE] = "ReplicaFailure",
	[CONDITION_COMPLETE] = "Complete",
	[CONDITION_FAILED] = "Failed",
};

void
facts_init(struct facts *f)
{
	memset(f, 0, sizeof(*f));
	f->replicas = f->min_ready = f->deadline = f->partition = -1;
	f->status_replicas = f->updated = f->observed = f->scheduled = -1;
	f->max_unavailable.number = f->max_surge.number = -1;
}

bool
text_is(struct text t, const char *s)
{
	return (t.p != NULL && strlen(s) == t.len &&
	    memcmp(t.p, s, t.len) == 0);
}

int
facts_number(int64_t n)
{
	return (n < 0 ? 0 : n > INT_MAX ? INT_MAX : (int)n);
}

enum condition
facts_condition(struct text type)
{
	enum condition	 c;

	for (c = 0; c < CONDITION_MAX; c++)
		if (text_is(type, conditions[c]))
			break;
	return (c);
}

struct text *
facts_label(struct facts *f, struct text key)
{
	if (text_is(key, "pod-template-hash"))
		return (&f->template_hash);
	if (text_is(key, "controller-revision-hash"))
		return (&f->revision_hash);
	return (NULL);
}

struct text *
facts_annotation(struct facts *f, struct text key)
{
	if (text_is(key, PAUSED))
		f->paused = true;	/* whatever its value is */
	else if (text_is(key, REVISION))
		return (&f->revision);
	else if (text_is(key, INITIAL_END))
		return (&f->initial_end);
	return (NULL);
}

/* A mirror pod belongs to its Node: that is a place, not a workload. */
bool
facts_wants_owner(const struct facts *f, struct text kind)
{
	return (f->owner_kind.p == NULL && !text_is(kind, "Node"));
}
