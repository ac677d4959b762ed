#include <string.h>

#include "crowd.h"

void
crowd_pod(const void *arg, size_t n, struct pod_state *s)
{
	const struct crowd	*c = arg;
	const struct pod	*p = c->pod[n];

	s->name = p->name;
	s->detail = p->detail == NULL ? "" : p->detail->s;
	s->ready = p->ready;
	s->was_ready = p->was_ready;
	s->terminating = p->terminating;
	s->succeeded = p->succeeded;
	s->failed = p->failed;
	s->fresh = c->fresh_owner != NULL ? p->owner == c->fresh_owner :
	    c->fresh_revision == NULL || p->revision == c->fresh_revision;
	s->cause = p->cause;
	s->ready_since = (uint64_t)p->ready_since * 1000;
	s->created = (uint64_t)p->created * 1000;
}

/* A Deployment's newest ReplicaSet, by its revision; NULL if they cannot be
 * read. */
static const struct node *
newest_replicaset(const struct node *n)
{
	const struct node	*child, *newest = NULL;

	LIST_FOREACH(child, &n->nodes, sibling) {
		if (child->workload == NULL ||
		    child->workload->revision_number == 0)
			continue;
		if (newest == NULL || child->workload->revision_number >
		    newest->workload->revision_number)
			newest = child;
	}
	return (newest);
}

/* b came after a; of two at the same time the names of the revisions decide. */
static bool
is_newer(const struct pod *a, const struct pod *b)
{
	if (a->terminating)
		return (true);
	if (b->created != a->created)
		return (b->created > a->created);
	return (b->revision != a->revision &&
	    strcmp(b->revision->s, a->revision->s) > 0);
}

const struct word *
crowd_newest_revision(const struct crowd *c)
{
	size_t	 i, newest = 0;

	for (i = 0; i < c->n; i++)
		if (!c->pod[i]->terminating &&
		    is_newer(c->pod[newest], c->pod[i]))
			newest = i;
	return (c->n == 0 ? NULL : c->pod[newest]->revision);
}

void
crowd_mark_fresh(struct crowd *c, const struct node *n)
{
	if (n->kind == KIND_REPLICASET)
		return;
	if (n->kind == KIND_DEPLOYMENT &&
	    (c->fresh_owner = newest_replicaset(n)) != NULL)
		return;
	if (n->workload != NULL && n->workload->update_revision->s[0] != '\0')
		c->fresh_revision = n->workload->update_revision;
	else
		c->fresh_revision = crowd_newest_revision(c);
}

uint64_t
crowd_oldest(const struct crowd *c)
{
	uint32_t	 t = 0;
	size_t		 i;

	for (i = 0; i < c->n; i++)
		if (t == 0 || c->pod[i]->created < t)
			t = c->pod[i]->created;
	return ((uint64_t)t * 1000);
}
