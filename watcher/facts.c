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

#define TEXT(s)		{ (s), sizeof(s) - 1 }

static const struct text conditions[CONDITION_MAX] = {
	[CONDITION_READY] = TEXT("Ready"),
	[CONDITION_CONTAINERS_READY] = TEXT("ContainersReady"),
	[CONDITION_SCHEDULED] = TEXT("PodScheduled"),
	[CONDITION_PROGRESSING] = TEXT("Progressing"),
	[CONDITION_AVAILABLE] = TEXT("Available"),
	[CONDITION_REPLICA_FAILURE] = TEXT("ReplicaFailure"),
	[CONDITION_COMPLETE] = TEXT("Complete"),
	[CONDITION_FAILED] = TEXT("Failed"),
};

void
facts_init(struct facts *f)
{
	memset(f, 0, sizeof(*f));
	f->replicas = f->min_ready = f->deadline = f->partition = -1;
	f->status_replicas = f->updated = f->observed = f->scheduled = -1;
	f->max_unavailable.number = f->max_surge.number = -1;
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
		if (type.len == conditions[c].len && type.p != NULL &&
		    memcmp(type.p, conditions[c].p, type.len) == 0)
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
