/* Components: what the page shows, what is so, and the last 90 days. */
#include <string.h>
#include <time.h>

#include "../common/clock.h"
#include "panel.h"

#define DAYS		90
#define DAY		86400		/* s */

static const struct {
	const char	*class, *words;
} looks[PAGE_STATUS_MAX + 1] = {
	[PAGE_OPERATIONAL]	= { "s-ok", "Operational" },
	[PAGE_MAINTENANCE]	= { "s-maintenance", "Under maintenance" },
	[PAGE_DEGRADED]		= { "s-degraded", "Degraded performance" },
	[PAGE_PARTIAL]		= { "s-partial", "Partial outage" },
	[PAGE_MAJOR]		= { "s-major", "Major outage" },
	[PAGE_STATUS_MAX]	= { "s-unknown", "Not on the page" },
};

const char *
panel_status_class(enum page_status status)
{
	return (looks[status].class);
}

const char *
panel_status_words(enum page_status status)
{
	return (looks[status].words);
}

const char *
panel_component_name(const char *id)
{
	const struct component *c = mirror_component(id);

	return (c != NULL && c->name[0] != '\0' ? c->name : id);
}

/* The worst of a day. */
static enum page_status
day_status(const struct day *d)
{
	unsigned s;

	for (s = PAGE_MAJOR; s > PAGE_OPERATIONAL; s--)
		if (d->seconds[s] > 0)
			return (s);
	return (PAGE_OPERATIONAL);
}

static unsigned
day_trouble(const struct day *d)
{
	return (d->seconds[PAGE_DEGRADED] + d->seconds[PAGE_PARTIAL] +
	    d->seconds[PAGE_MAJOR]);
}

static void
write_date(char *text, size_t size, uint64_t day)
{
	time_t t = (time_t)day * DAY;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(text, size, "%Y-%m-%d",
	    &tm) == 0)
		text[0] = '\0';
}

static void
bar(struct evbuffer *buf, unsigned x, const struct day *d)
{
	enum page_status status = day_status(d);
	char date[16];
	unsigned s, seconds = 0;

	for (s = PAGE_MAINTENANCE; s <= PAGE_MAJOR; s++)
		seconds += d->seconds[s];
	write_date(date, sizeof(date), d->day);
	html(buf, "<rect class=\"%s\" x=\"%u\" width=\"8\" height=\"30\">"
	    "<title>%s: %s, %u min in all</title></rect>",
	    looks[status].class, x, date, looks[status].words,
	    (seconds + 59) / 60);
}

/* The bars of all days without anything special, in one piece. */
static void
bars(struct evbuffer *buf, const char *class, const struct component *c,
    uint64_t oldest, uint64_t from, uint64_t to)
{
	html(buf, "<path class=\"%s\" d=\"", class);
	for (; from < to; from++)
		if (component_day(c, from) == NULL)
			html(buf, "M%u 0h8v30h-8z",
			    (unsigned)(from - oldest) * 10);
	html(buf, "\"/>");
}

/* Hundredths of a per cent of the known days that were without trouble. */
static unsigned
well(const struct component *c, uint64_t today, uint64_t from)
{
	uint64_t known = (today - from + 1) * DAY, trouble = 0;
	unsigned i;

	for (i = 0; i < c->ndays; i++)
		if (c->days[i].day >= from)
			trouble += day_trouble(&c->days[i]);
	if (trouble > known)
		trouble = known;
	return ((unsigned)((known - trouble) * 10000 / known));
}

static void
history(struct evbuffer *buf, const struct component *c)
{
	uint64_t today = clock_now() / 1000 / DAY, oldest, from;
	unsigned share, known, i;
	const char *days;

	if (c->first_day == 0 || c->first_day > today)
		return;
	oldest = today < DAYS ? 0 : today - DAYS + 1;
	from = c->first_day > oldest ? c->first_day : oldest;
	share = well(c, today, from);
	known = (unsigned)(today - from + 1);
	days = known == 1 ? "day" : "days";
	html(buf, "<svg class=\"days\" viewBox=\"0 0 %u 30\" "
	    "preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%u %s: "
	    "%u.%u%u %% without an outage\">", DAYS * 10, known, days,
	    share / 100, share / 10 % 10, share % 10);
	bars(buf, "none", c, oldest, oldest, from);
	bars(buf, "s-ok", c, oldest, from, today + 1);
	for (i = 0; i < c->ndays; i++)
		if (c->days[i].day >= from && c->days[i].day <= today)
			bar(buf, (unsigned)(c->days[i].day - oldest) * 10,
			    &c->days[i]);
	html(buf, "</svg><p class=\"soft\">%u %s, %u.%u%u %% without an "
	    "outage</p>", known, days, share / 100, share / 10 % 10,
	    share % 10);
}

static void
facts(struct evbuffer *buf, const struct component *c)
{
	html(buf, "<p class=\"soft\">%s, %u of %u ready",
	    health_name(c->health), c->ready, c->desired);
	if (c->since != 0) {
		html(buf, ", since ");
		html_time(buf, c->since);
	}
	if (c->cause != CAUSE_NONE)
		html(buf, ": %s", cause_name(c->cause));
	if (c->detail[0] != '\0')
		html(buf, " (%s)", c->detail);
	if (c->paused)
		html(buf, "; paused by an annotation");
	if (c->differs != 0)
		html(buf, "; the page is to show %s",
		    looks[c->wanted].words);
	html(buf, "</p>");
}

void
panel_component(struct evbuffer *buf, const struct component *c)
{
	html(buf, "<li id=\"c:%s\"><div class=\"head\"><h3>%s</h3>"
	    "<span class=\"status %s\">%s</span></div>", c->id,
	    panel_component_name(c->id), looks[c->page].class,
	    looks[c->page].words);
	facts(buf, c);
	history(buf, c);
	html(buf, "</li>");
}
