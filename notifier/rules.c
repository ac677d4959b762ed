/*
 * The configuration: which components there are, and the rules for them.
 */
#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

/* Takes the old ones; NULL: there are none. */
void
rules_texts(char ***to, char *const *from)
{
	int k;

	for (k = 0; *to != NULL && k < TEMPLATE_MAX; k++)
		free((*to)[k]);
	free(*to);
	*to = NULL;
	if (from == NULL)
		return;
	*to = xcalloc(TEMPLATE_MAX, sizeof(**to));
	for (k = 0; k < TEMPLATE_MAX; k++)
		if (from[k] != NULL)
			(*to)[k] = xstrdup(from[k]);
}

/* What it watches, in words. */
static void
configure_watch(struct component *c, const struct conf_component *from)
{
	const struct conf_watch *w;
	char text[256] = "";
	unsigned k;

	xreplace(&c->ns, from->nwatch > 0 ? from->watch[0].ns : "");
	for (k = 0; k < from->nwatch; k++) {
		w = &from->watch[k];
		if (k > 0)
			strlcat(text, ", ", sizeof(text));
		if (w->kind != KIND_ANY && w->kind != KIND_SELECTOR) {
			strlcat(text, kind_name(w->kind), sizeof(text));
			strlcat(text, "/", sizeof(text));
		}
		strlcat(text, w->what, sizeof(text));
	}
	xreplace(&c->workload, text);
}

static void
configure_one(struct component *c, const struct conf_component *from,
    uint64_t now)
{
	/* What was reported before it was configured is as good. */
	if (c->was_configured && strcmp(c->cluster_name, from->cluster) != 0)
		component_unknown(c, now);
	xreplace(&c->name, from->name);
	xreplace(&c->group, from->group);
	xreplace(&c->cluster_name, from->cluster);
	c->configured = c->was_configured = true;
	c->rules.down_after = from->down_after;
	c->rules.up_after = from->up_after;
	c->reopen_within = from->reopen_within;
	c->rollout = from->rollout;
	c->escalate_after = from->escalate_after;
	configure_watch(c, from);
	rules_texts(&c->text, from->text);
	c->refused = false;
}

void
incidents_configure(struct incidents *core, const struct conf *conf,
    const struct incidents_options *options, uint64_t now)
{
	struct conf_component *from;
	struct component *c, *next;

	core->options = *options;
	rules_texts(&core->text, conf->text);
	RB_FOREACH(c, component_tree, &core->components)
		c->configured = false;
	TAILQ_FOREACH(from, &conf->components, entry)
		configure_one(component_need(core, from->id), from, now);
	for (c = RB_MIN(component_tree, &core->components); c != NULL;
	    c = next) {
		next = RB_NEXT(component_tree, &core->components, c);
		if (c->configured)
			continue;
		c->was_configured = c->muted = false;
		if (TAILQ_EMPTY(&c->entries) && c->set == PAGE_OPERATIONAL &&
		    c->object.stored == NULL && !c->object.dirty &&
		    c->object.flying == OP_NONE && !order_any(c))
			component_free(core, c);
	}
	incidents_ask_again(core);
	agenda_touch_all(core);
}
