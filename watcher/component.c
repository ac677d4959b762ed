/*
 * Components: made from the configuration, marked when something of theirs
 * changes, judged once at the end of the turn of the event loop.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "component_local.h"
#include "follow.h"

/*
 * A component of many pods is not looked at for each change of one of them: the
 * next look waits so many us for each pod beyond so many, at most so many us.  A
 * change after a quiet time is looked at at once.
 */
#define LOOK_POD	50
#define LOOK_FREE	1000
#define LOOK_WAIT_MAX	1000000
#define WAIT_MAX	(24 * 60 * 60 * 1000ULL)	/* ms; then look again */

static void	 on_turn(int, short, void *);
static void	 on_timer(int, short, void *);

static void
touch(struct component *c)
{
	static const struct timeval now = { 0, 0 };

	if (c->dirty)
		return;
	evtimer_add(c->all->turn, &now);
	c->dirty = true;
	TAILQ_INSERT_TAIL(&c->all->dirty, c, dirty_entry);
}

/* Whoever names it; what it is exactly is seen when it is judged.  The link is one
 * of a table by name. */
static void
touch_name(struct components *all, const struct link *named, const char *name)
{
	struct link	*l = table_first(&all->by_name, named->hash);

	for (; l != NULL; l = table_next(l))
		if (strcmp(((struct target *)l)->name, name) == 0)
			touch(((struct target *)l)->component);
}

static void
touch_chain(struct components *all, const struct node *n)
{
	int	 depth;

	for (depth = 0; n != NULL && depth < 8; n = n->parent, depth++)
		touch_name(all, &n->link, n->name);
}

static void
touch_selection(struct components *all, const struct selection *sel)
{
	struct link	*l = table_first(&all->by_name, table_hash(sel->text));

	for (; l != NULL; l = table_next(l))
		if (((struct target *)l)->selection == sel)
			touch(((struct target *)l)->component);
}

static void
on_pod(const struct pod *p, void *arg)
{
	struct components	*all = arg;
	struct membership	*m;

	follow_pod(p);
	touch_name(all, &p->link, p->name);
	touch_chain(all, p->owner);
	for (m = p->membership; m != NULL; m = m->next)
		touch_selection(all, m->selection);
}

static void
on_pod_gone(const struct pod *p, void *arg)
{
	(void)arg;
	follow_gone(p);
}

static void
on_node(const struct node *n, void *arg)
{
	follow_node(n);
	touch_chain(arg, n);
}

static void
on_space(const struct space *s, void *arg)
{
	(void)s;
	components_touch(arg, RESOURCE_MAX);
}

struct components *
components_new(struct event_base *base, const struct components_hooks *hooks)
{
	struct components	*all;
	struct objects_listener	 listener = { on_pod, on_node, on_space,
	    NULL, on_pod_gone };

	if ((all = calloc(1, sizeof(*all))) == NULL ||
	    (all->turn = evtimer_new(base, on_turn, all)) == NULL)
		fatal("components");
	all->base = base;
	all->hooks = *hooks;
	listener.arg = all;
	all->objects = objects_new(&listener);
	TAILQ_INIT(&all->queue);
	TAILQ_INIT(&all->dirty);
	return (all);
}

struct objects *
components_objects(struct components *all)
{
	return (all->objects);
}

void
components_touch(struct components *all, enum resource r)
{
	struct component	*c;
	unsigned		 i;

	TAILQ_FOREACH(c, &all->queue, entry)
		for (i = 0; i < c->ntarget; i++)
			if (r == RESOURCE_MAX || r == RESOURCE_NAMESPACES ||
			    (resource_needed(c->target[i].kind) & 1U << r) != 0)
				touch(c);
}

/*
 * May this target be believed?  Workloads that are forbidden are guessed from
 * their pods, unless the configuration names their kind.
 */
static enum cause
target_blind(struct components *all, const struct target *t, const char **why)
{
	unsigned	 need = resource_needed(t->kind);
	enum resource	 r;
	const char	*ns = t->ns[0] == '\0' ? NULL : t->ns;
	enum cause	 cause = CAUSE_NONE;

	/* They say what is paused; not to be able to read them is no harm. */
	if (all->hooks.reading(RESOURCE_NAMESPACES, ns, why) == READING_FIRST)
		return (CAUSE_DISCONNECTED);
	for (r = 0; r < RESOURCE_MAX; r++) {
		if ((need & 1U << r) == 0)
			continue;
		switch (all->hooks.reading(r, ns, why)) {
		case READING_LIVE:
			break;
		case READING_FIRST:
		case READING_BROKEN:
			return (CAUSE_DISCONNECTED);
		case READING_FORBIDDEN:
			if (r == RESOURCE_PODS ||
			    resource_info(r)->kind == t->kind)
				cause = CAUSE_FORBIDDEN;
			break;
		}
	}
	if (cause == CAUSE_NONE && t->selection != NULL && t->selection->fresh) {
		*why = "the pods are being listed for a new selector";
		cause = CAUSE_DISCONNECTED;
	}
	return (cause);
}

void
components_selected(struct components *all)
{
	if (objects_selected(all->objects))
		components_touch(all, RESOURCE_PODS);
}

/* How many pods were looked at. */
static size_t
judge_target(struct components *all, struct target *t, uint64_t now,
    struct health_view *v, uint64_t *latest)
{
	const char	*why = NULL;
	enum cause	 cause = target_blind(all, t, &why);

	if (cause == CAUSE_NONE)
		return (target_judge(all, t, now, v, latest));
	memset(v, 0, sizeof(*v));
	v->cause = cause;
	snprintf(v->detail, sizeof(v->detail), "%s", why == NULL ?
	    cause_name(cause) : why);
	return (0);
}

static void
set_timer(struct component *c, uint64_t when, uint64_t now)
{
	struct timeval	 tv;
	uint64_t	 wait = when > now ? when - now : 0;

	if (when == 0) {
		if (c->timer != NULL)
			evtimer_del(c->timer);
		return;
	}
	if (c->timer == NULL && (c->timer = evtimer_new(c->all->base, on_timer,
	    c)) == NULL)
		fatal("component");
	if (wait > WAIT_MAX)
		wait = WAIT_MAX;
	wait += 10;	/* a little later, never a little too early */
	tv.tv_sec = wait / 1000;
	tv.tv_usec = wait % 1000 * 1000;
	evtimer_add(c->timer, &tv);
}

static bool
view_differs(const struct health_view *a, const struct health_view *b)
{
	return (a->health != b->health || a->cause != b->cause ||
	    a->ready != b->ready || a->desired != b->desired ||
	    a->since != b->since || a->paused != b->paused ||
	    strcmp(a->detail, b->detail) != 0);
}

/* What was known before a watch broke is kept beside the reason. */
static void
keep_known(struct component *c, struct health_view *v, uint64_t now)
{
	const struct health_view	*k = &c->known;
	size_t				 len;

	if (v->health != HEALTH_UNKNOWN) {
		c->known = *v;
		c->kept = true;
		return;
	}
	if (v->cause != CAUSE_DISCONNECTED && v->cause != CAUSE_FORBIDDEN)
		return;
	v->since = c->said && c->view.health == HEALTH_UNKNOWN &&
	    c->view.since != 0 ? c->view.since : now;
	if (!c->kept)
		return;
	v->since = k->since;
	v->ready = k->ready;
	v->desired = k->desired;
	v->paused = k->paused;
	len = strlen(v->detail);
	snprintf(v->detail + len, sizeof(v->detail) - len,
	    "; before that %s%s%s", health_name(k->health),
	    k->detail[0] == '\0' ? "" : ", ", k->detail);
}

static size_t
judge(struct component *c)
{
	struct components	*all = c->all;
	struct health_view	 v, sum;
	uint64_t		 now = clock_now(), latest = 0;
	size_t			 npods = 0;
	unsigned		 i;

	for (i = 0; i < c->ntarget; i++) {
		npods += judge_target(all, &c->target[i], now, &v, &latest);
		if (i == 0)
			sum = v;
		else
			health_merge(&sum, &v, &c->rules, false);
	}
	health_settle(&sum, &c->memory, latest);
	keep_known(c, &sum, now);
	set_timer(c, sum.look_again, now);
	if (c->said && !view_differs(&sum, &c->view))
		return (npods);
	if (!c->said || sum.health != c->view.health ||
	    sum.cause != c->view.cause)
		log_debug("%s: %s%s%s, %u of %u%s%s", log_safe(c->id),
		    health_name(sum.health),
		    sum.cause == CAUSE_NONE ? "" : ", ",
		    sum.cause == CAUSE_NONE ? "" : cause_name(sum.cause),
		    sum.ready, sum.desired, sum.detail[0] == '\0' ? "" : ": ",
		    log_safe(sum.detail));
	c->view = sum;
	c->said = true;
	if (!all->quiet)
		all->hooks.say(c->id, &c->view);
	return (npods);
}

static uint64_t
microseconds(void)
{
	struct timespec	 ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
}

static void
look(struct component *c)
{
	uint64_t	 wait = 0;
	size_t		 npods;

	TAILQ_REMOVE(&c->all->dirty, c, dirty_entry);
	c->dirty = false;
	npods = judge(c);
	if (npods > LOOK_FREE)
		wait = (npods - LOOK_FREE) * LOOK_POD;
	c->not_before = microseconds() +
	    (wait > LOOK_WAIT_MAX ? LOOK_WAIT_MAX : wait);
}

void
components_settle(struct components *all)
{
	struct component	*c;

	while ((c = TAILQ_FIRST(&all->dirty)) != NULL)
		look(c);
}

static void
on_turn(int fd, short what, void *arg)
{
	struct components	*all = arg;
	struct component	*c, *next;
	struct timeval		 tv = { 0, 0 };
	uint64_t		 now = microseconds(), first = 0;

	(void)fd;
	(void)what;
	for (c = TAILQ_FIRST(&all->dirty); c != NULL; c = next) {
		next = TAILQ_NEXT(c, dirty_entry);
		if (c->not_before <= now)
			look(c);
		else if (first == 0 || c->not_before < first)
			first = c->not_before;
	}
	if (first != 0) {
		tv.tv_sec = (first - now) / 1000000;
		tv.tv_usec = (first - now) % 1000000;
		evtimer_add(all->turn, &tv);
	}
}

static void
on_timer(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	touch(arg);
}

void
components_say_all(struct components *all)
{
	struct component	*c;

	all->quiet = true;
	components_settle(all);
	all->quiet = false;
	TAILQ_FOREACH(c, &all->queue, entry)
		all->hooks.say(c->id, &c->view);
}
