#include <stdlib.h>
#include <string.h>

#include "../common/xmalloc.h"
#include "pods.h"

struct pod_tree pods = RB_INITIALIZER(&pods);

int
pod_compare(const struct pod *a, const struct pod *b)
{
	int c;

	if ((c = strcmp(a->cluster, b->cluster)) != 0 ||
	    (c = strcmp(a->ns, b->ns)) != 0)
		return (c);
	return (strcmp(a->name, b->name));
}

RB_GENERATE(pod_tree, pod, node, pod_compare)

static json_t *
pack_pod(const struct pod *p)
{
	json_t *components = json_array();
	unsigned i;

	for (i = 0; i < p->ncomponent; i++)
		json_array_append_new(components, json_text(p->component[i]));
	return (json_pack("{s:o s:o s:o s:o s:b s:b s:s s:o s:o}",
	    "cluster", json_text(p->cluster), "namespace", json_text(p->ns),
	    "name", json_text(p->name), "owner", json_text(p->owner), "ready",
	    p->ready, "terminating", p->terminating, "cause",
	    cause_name(p->cause), "since", json_time(p->since), "components",
	    components));
}

const char *
json_pod(struct pod *p)
{
	if (p->json == NULL)
		p->json = json_render(pack_pod(p));
	return (p->json);
}

struct pod *
pods_after(const struct pod *key)
{
	struct pod *p;

	if (key == NULL)
		return (RB_MIN(pod_tree, &pods));
	p = RB_NFIND(pod_tree, &pods, (struct pod *)(uintptr_t)key);
	if (p != NULL && pod_compare(p, key) == 0)
		p = RB_NEXT(pod_tree, &pods, p);
	return (p);
}

void
pod_key_set(struct pod **key, const struct pod *p)
{
	struct pod *k = xcalloc(1, sizeof(*k));

	k->cluster = xstrdup(p->cluster);
	k->ns = xstrdup(p->ns);
	k->name = xstrdup(p->name);
	pod_free(*key);
	*key = k;
}

void
pod_free(struct pod *p)
{
	unsigned i;

	if (p == NULL)
		return;
	for (i = 0; i < p->ncomponent; i++)
		free(p->component[i]);
	free(p->component);
	free(p->cluster);
	free(p->ns);
	free(p->name);
	free(p->owner);
	free(p->json);
	free(p);
}
