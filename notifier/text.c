/*
 * What is written, from templates: public texts, which name the component and
 * the kind of trouble unless the template asks for more, and private ones.
 * Names are those of the configuration or of the page itself.
 */
#include <bsd/stdlib.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "expand.h"

#define NAME_MAX_BYTES	80	/* of one component in a text */
#define LINES_MAX	20	/* components that a text lists */
#define LINE_BYTES	1024
#define TITLE_BYTES	255	/* as much as a name may have in a message */
#define MESSAGE_BYTES	8192

/* -- what it is about ----------------------------------------------------- */

struct subject {
	const struct incidents *core;
	const struct incident *incident;
	struct entry	**list;		/* what is listed, worst first */
	size_t		 n, affected;	/* of them; the first ones */
	const struct entry *one;	/* NULL: there is none */
};

static int
entry_compare(const void *va, const void *vb)
{
	const struct entry *a = *(struct entry *const *)va;
	const struct entry *b = *(struct entry *const *)vb;

	if (a->target != b->target)
		return (a->target > b->target ? -1 : 1);
	return (strcmp(component_public(a->component),
	    component_public(b->component)));
}

static void
subject_init(struct subject *s, const struct incidents *core,
    const struct incident *i)
{
	struct entry *e;

	memset(s, 0, sizeof(*s));
	s->core = core;
	s->incident = i;
	TAILQ_FOREACH(e, &i->entries, entry)
		s->n++;
	s->list = xcalloc(s->n + 1, sizeof(*s->list));
	s->n = 0;
	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->listed && e->target != PAGE_STATUS_MAX) {
			s->list[s->n++] = e;
			s->affected += e->target != PAGE_OPERATIONAL;
		}
	heapsort(s->list, s->n, sizeof(*s->list), entry_compare);
	/* When all is well it is about all that it was about. */
	if (s->affected == 0)
		s->affected = s->n;
	s->one = s->list[0];
}

/* A component's own template is for what is about it alone. */
static const char *
template_of(const struct subject *s, enum template_kind kind)
{
	bool line = kind == TEMPLATE_LINE || kind == TEMPLATE_PRIVATE;
	char *const *own = s->one != NULL && (line || s->n == 1) ?
	    s->one->component->text : NULL;

	if (own != NULL && own[kind] != NULL)
		return (own[kind]);
	if (s->core->text != NULL && s->core->text[kind] != NULL)
		return (s->core->text[kind]);
	return (template_default(kind));
}

/* It leaves the incident because an operator began a maintenance. */
static bool
is_maintained(const struct entry *e)
{
	return (e->component->maintained && e->component->incident != NULL &&
	    e->target == PAGE_OPERATIONAL);
}

/* -- the fields ----------------------------------------------------------- */

static const char *
status_text(const struct entry *e)
{
	switch (is_maintained(e) ? PAGE_MAINTENANCE : e->target) {
	case PAGE_OPERATIONAL:
		return ("operational");
	case PAGE_MAINTENANCE:
		return ("under maintenance");
	case PAGE_DEGRADED:
		return ("degraded performance");
	case PAGE_PARTIAL:
		return ("partial outage");
	default:
		return ("major outage");
	}
}

static void
put_name(struct expand *out, const struct entry *e)
{
	expand_value(out, component_public(e->component), NAME_MAX_BYTES);
}

/* "A", "A and B", "A, B and C", "A, B and 2 others" */
static void
put_components(struct expand *out, const struct subject *s)
{
	size_t n = s->affected, named = n > 3 ? 2 : n, k;

	if (n == 0)
		expand_word(out, "Some components");
	for (k = 0; k < named; k++) {
		if (k > 0)
			expand_word(out, k + 1 == n ? " and " : ", ");
		put_name(out, s->list[k]);
	}
	if (named < n) {
		expand_word(out, " and ");
		expand_count(out, n - named);
		expand_word(out, " others");
	}
}

static void
put_problem(struct expand *out, const struct subject *s)
{
	enum page_status worst = s->n == 0 ? PAGE_MAJOR : s->list[0]->target;

	if (worst == PAGE_OPERATIONAL)
		expand_word(out, s->affected == 1 ? "is back" : "are back");
	else if (s->affected != 1)
		expand_word(out, "are affected");
	else if (worst == PAGE_DEGRADED)
		expand_word(out, "has degraded performance");
	else if (worst == PAGE_PARTIAL)
		expand_word(out, "has a partial outage");
	else
		expand_word(out, "is down");
}

static void	put_field(struct expand *, enum template_field, const void *);

static void
put_lines(struct expand *out, const struct subject *s, enum template_kind kind)
{
	struct subject line = *s;
	struct expand one;
	size_t k;

	for (k = 0; k < s->n && k < LINES_MAX; k++) {
		line.one = s->list[k];
		expand_init(&one, LINE_BYTES);
		expand_template(&one, template_of(&line, kind), put_field,
		    &line);
		if (k > 0)
			expand_word(out, "\n");
		expand_word(out, one.text);
		free(one.text);
	}
	if (s->n > LINES_MAX) {
		expand_word(out, "\n- and ");
		expand_count(out, s->n - LINES_MAX);
		expand_word(out, " more");
	}
}

static void
put_incident_field(struct expand *out, enum template_field field,
    const struct subject *s)
{
	const struct incident *i = s->incident;

	switch (field) {
	case FIELD_COMPONENTS:
		put_components(out, s);
		break;
	case FIELD_PROBLEM:
		put_problem(out, s);
		break;
	case FIELD_COUNT:
		expand_count(out, s->affected);
		break;
	case FIELD_LIST:
		put_lines(out, s, TEMPLATE_LINE);
		break;
	case FIELD_STARTED:
		expand_time(out, i->started);
		break;
	default:
		expand_duration(out, i->posting_started > i->started ?
		    i->posting_started - i->started : 0);
		break;
	}
}

static void
put_component_field(struct expand *out, enum template_field field,
    const struct entry *e)
{
	const struct component *c = e->component;

	switch (field) {
	case FIELD_COMPONENT:
		put_name(out, e);
		break;
	case FIELD_STATUS:
		expand_word(out, status_text(e));
		break;
	case FIELD_ID:
		expand_value(out, c->id, 128);
		break;
	case FIELD_CLUSTER:
		expand_value(out, c->cluster_name, 63);
		break;
	case FIELD_NAMESPACE:
		expand_value(out, c->ns, 63);
		break;
	case FIELD_WORKLOAD:
		expand_value(out, c->workload, 255);
		break;
	case FIELD_READY:
		expand_count(out, c->ready);
		break;
	case FIELD_DESIRED:
		expand_count(out, c->desired);
		break;
	case FIELD_CAUSE:
		expand_word(out, cause_name(c->cause));
		break;
	default:
		expand_value(out, c->detail[0] != '\0' ? c->detail :
		    "no details", 512);
		break;
	}
}

static void
put_field(struct expand *out, enum template_field field, const void *arg)
{
	const struct subject *s = arg;

	if (field < FIELD_COMPONENT)
		put_incident_field(out, field, s);
	else if (s->one != NULL)
		put_component_field(out, field, s->one);
	else
		expand_word(out, "?");
}

/* -- the texts ------------------------------------------------------------ */

static char *
text_of(const struct incidents *core, const struct incident *i,
    enum template_kind kind, size_t max)
{
	struct subject s;
	struct expand out;

	subject_init(&s, core, i);
	expand_init(&out, max);
	if (kind == TEMPLATE_PRIVATE)
		put_lines(&out, &s, kind);
	else
		expand_template(&out, template_of(&s, kind), put_field, &s);
	free(s.list);
	return (out.text);
}

char *
text_name(const struct incidents *core, const struct incident *i)
{
	return (text_of(core, i, TEMPLATE_NAME, TITLE_BYTES));
}

/* What is closed because nobody watches it any more says so. */
static bool
is_given_up(const struct incident *i)
{
	const struct entry *e;

	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->component->configured &&
		    e->acked != PAGE_OPERATIONAL)
			return (false);
	return (true);
}

static bool
has_maintained(const struct incident *i)
{
	const struct entry *e;

	TAILQ_FOREACH(e, &i->entries, entry)
		if (e->listed && is_maintained(e))
			return (true);
	return (false);
}

static enum template_kind
message_kind(const struct incident *i)
{
	switch (i->posting_phase) {
	case PHASE_RESOLVED:
		if (has_maintained(i))
			return (TEMPLATE_MAINTENANCE);
		return (is_given_up(i) ? TEMPLATE_UNWATCHED :
		    TEMPLATE_RESOLVED);
	case PHASE_MONITORING:
		return (TEMPLATE_BETTER);
	default:
		if (i->instatus_id == NULL)
			return (TEMPLATE_DOWN);
		return (i->phase == PHASE_RESOLVED ? TEMPLATE_BACK :
		    TEMPLATE_WORSE);
	}
}

char *
text_message(const struct incidents *core, const struct incident *i)
{
	return (text_of(core, i, message_kind(i), MESSAGE_BYTES));
}

char *
text_private(const struct incidents *core, const struct incident *i)
{
	return (text_of(core, i, TEMPLATE_PRIVATE, MESSAGE_BYTES));
}
