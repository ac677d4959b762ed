/*
 * Selections: which pods a label selector matches.  Labels are looked at when a
 * pod is decoded and not kept.
 */
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "objects_local.h"

struct selection *
objects_selection(const struct objects *o, const char *text, const char *ns)
{
	struct selection	*sel;

	LIST_FOREACH(sel, &o->selections, entry)
		if (strcmp(sel->text, text) == 0 && strcmp(sel->ns, ns) == 0)
			return (sel);
	return (NULL);
}

struct selection *
objects_select(struct objects *o, struct selector *selector, const char *text,
    const char *ns)
{
	struct selection	*sel;

	if ((sel = calloc(1, sizeof(*sel))) == NULL ||
	    (sel->text = strdup(text)) == NULL || (sel->ns = strdup(ns)) == NULL)
		fatal("selection");
	sel->selector = selector;
	sel->fresh = true;
	LIST_INIT(&sel->members);
	LIST_INSERT_HEAD(&o->selections, sel, entry);
	return (sel);
}

bool
objects_selected(struct objects *o)
{
	struct selection	*sel;
	bool			 any = false;

	LIST_FOREACH(sel, &o->selections, entry) {
		any |= sel->fresh;
		sel->fresh = false;
	}
	return (any);
}

static struct membership **
find_membership(struct pod *p, const struct selection *sel)
{
	struct membership	**m;

	for (m = &p->membership; *m != NULL; m = &(*m)->next)
		if ((*m)->selection == sel)
			break;
	return (m);
}

static void
leave(struct membership **mp)
{
	struct membership	*m = *mp;

	*mp = m->next;
	LIST_REMOVE(m, entry);
	free(m);
}

void
objects_unselect(struct objects *o, struct selection *sel)
{
	struct membership	*m;

	(void)o;
	while ((m = LIST_FIRST(&sel->members)) != NULL)
		leave(find_membership(m->pod, sel));
	LIST_REMOVE(sel, entry);
	selector_free(sel->selector);
	free(sel->text);
	free(sel->ns);
	free(sel);
}

static void
join(struct pod *p, struct selection *sel)
{
	struct membership	*m;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		fatal("selection");
	m->pod = p;
	m->selection = sel;
	m->next = p->membership;
	p->membership = m;
	LIST_INSERT_HEAD(&sel->members, m, entry);
}

bool
selections_match(struct objects *o, struct pod *p, const struct object *in)
{
	struct selection	 *sel;
	struct membership	**m;
	bool			  is, changed = false;

	LIST_FOREACH(sel, &o->selections, entry) {
		is = (sel->ns[0] == '\0' || strcmp(sel->ns, "*") == 0 ||
		    strcmp(sel->ns, p->space->name) == 0) &&
		    selector_match(sel->selector, object_label, in);
		m = find_membership(p, sel);
		if (is == (*m != NULL))
			continue;
		changed = true;
		if (is)
			join(p, sel);
		else {
			/* Whoever asks for it must learn that it left. */
			if (!o->quiet)
				o->listener.pod(p, o->listener.arg);
			leave(m);
		}
	}
	return (changed);
}

void
selections_leave(struct pod *p)
{
	while (p->membership != NULL)
		leave(&p->membership);
}
