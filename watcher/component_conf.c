/*
 * From the configuration to components, at start and at each reload: what stays
 * the same keeps what is remembered of it.
 */
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "component_local.h"

static struct component *
find(struct components *all, const char *id)
{
	struct link	*l = table_first(&all->by_id, table_hash(id));

	for (; l != NULL; l = table_next(l))
		if (strcmp(((struct component *)l)->id, id) == 0)
			break;
	return ((struct component *)l);
}

static void
target_clear(struct components *all, struct target *t)
{
	struct part	*p;

	table_remove(&all->by_name, &t->link);
	while ((p = t->parts) != NULL) {
		t->parts = p->next;
		free(p);
	}
	if (t->selection != NULL && --t->selection->refs == 0)
		objects_unselect(all->objects, t->selection);
	free(t->ns);
	free(t->name);
}

static void
clear_targets(struct component *c)
{
	unsigned	 i;

	for (i = 0; i < c->ntarget; i++)
		target_clear(c->all, &c->target[i]);
	free(c->target);
	c->target = NULL;
	c->ntarget = 0;
}

static void
component_free(struct component *c)
{
	struct components	*all = c->all;

	clear_targets(c);
	TAILQ_REMOVE(&all->queue, c, entry);
	if (c->dirty)
		TAILQ_REMOVE(&all->dirty, c, dirty_entry);
	table_remove(&all->by_id, &c->link);
	if (c->timer != NULL)
		event_free(c->timer);
	free(c->id);
	free(c);
}

/* The selection of that text; *fresh if it is new. */
static struct selection *
select_pods(struct components *all, const struct conf_watch *w, bool *fresh)
{
	struct selection	*sel;
	struct selector		*selector;
	char			 why[128];

	if ((sel = objects_selection(all->objects, w->what, w->ns)) == NULL) {
		/* It was parsed when the configuration was prepared. */
		if ((selector = selector_parse(w->what, why, sizeof(why))) ==
		    NULL)
			fatalx("selector: %s", why);
		sel = objects_select(all->objects, selector, w->what, w->ns);
		*fresh = true;
	}
	sel->refs++;
	return (sel);
}

static void
set_targets(struct component *c, const struct conf_component *cc, bool *fresh)
{
	struct target	*t;
	unsigned	 i;

	if ((c->target = calloc(cc->nwatch, sizeof(*c->target))) == NULL)
		fatal("component");
	c->ntarget = cc->nwatch;
	for (i = 0; i < cc->nwatch; i++) {
		t = &c->target[i];
		t->component = c;
		t->kind = cc->watch[i].kind;
		t->ns = xstrdup(cc->watch[i].ns);
		t->name = xstrdup(cc->watch[i].what);
		if (t->kind == KIND_SELECTOR)
			t->selection = select_pods(c->all, &cc->watch[i], fresh);
		table_add(&c->all->by_name, &t->link, table_hash(t->name));
	}
}

static bool
same_watches(const struct component *c, const struct conf_component *cc)
{
	unsigned	 i;

	if (c->ntarget != cc->nwatch)
		return (false);
	for (i = 0; i < c->ntarget; i++)
		if (c->target[i].kind != cc->watch[i].kind ||
		    strcmp(c->target[i].ns, cc->watch[i].ns) != 0 ||
		    strcmp(c->target[i].name, cc->watch[i].what) != 0)
			return (false);
	return (true);
}

static struct component *
component_new(struct components *all, const char *id)
{
	struct component	*c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		fatal("component");
	c->all = all;
	c->id = xstrdup(id);
	table_add(&all->by_id, &c->link, table_hash(id));
	TAILQ_INSERT_TAIL(&all->queue, c, entry);
	return (c);
}

/* New targets are made before old ones go, so that a selection that only moves
 * from one component to another stays. */
static void
configure(struct component *c, const struct conf_component *cc, bool elsewhere,
    bool *fresh)
{
	struct component	 old = *c;

	c->wanted = true;
	c->rules.partial_below = cc->partial_below;
	c->rules.first_ready_within = cc->first_ready_within;
	if (c->ntarget != 0 && same_watches(c, cc) && !elsewhere)
		return;
	set_targets(c, cc, fresh);
	clear_targets(&old);
	memset(&c->memory, 0, sizeof(c->memory));
	c->kept = false;
}

bool
components_configure(struct components *all, const struct conf *conf,
    bool elsewhere)
{
	struct conf_component	*cc;
	struct component	*c, *next;
	bool			 fresh = false;

	TAILQ_FOREACH(cc, &conf->components, entry) {
		if ((c = find(all, cc->id)) == NULL)
			c = component_new(all, cc->id);
		configure(c, cc, elsewhere, &fresh);
	}
	for (c = TAILQ_FIRST(&all->queue); c != NULL; c = next) {
		next = TAILQ_NEXT(c, entry);
		if (c->wanted)
			c->wanted = false;
		else
			component_free(c);
	}
	components_touch(all, RESOURCE_MAX);
	return (fresh);
}

void
components_free(struct components *all)
{
	if (all == NULL)
		return;
	while (!TAILQ_EMPTY(&all->queue))
		component_free(TAILQ_FIRST(&all->queue));
	objects_free(all->objects);
	event_free(all->turn);
	table_clear(&all->by_id);
	table_clear(&all->by_name);
	free(all);
}
