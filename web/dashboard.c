/*
 * /admin: the page.  It stands by itself; admin.js keeps it up to date.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "../common/clock.h"
#include "../common/xmalloc.h"
#include "admin.h"
#include "dashboard.h"
#include "panel.h"
#include "route.h"

struct page {
	char		 token[SESSION_TOKEN + 1];
	enum { HEAD, OPERATE, COMPONENTS, REST } step;
	char		*last;		/* id of the last component, NULL: none */
};

struct component *
dashboard_next(char **last)
{
	struct component find = { .id = *last }, *c;

	if (*last == NULL)
		c = RB_MIN(component_tree, &mirror.components);
	else if ((c = RB_NFIND(component_tree, &mirror.components, &find)) !=
	    NULL && strcmp(c->id, *last) == 0)
		c = RB_NEXT(component_tree, &mirror.components, c);
	free(*last);
	*last = c == NULL ? NULL : xstrdup(c->id);
	return (c);
}

static void
fill_head(struct evbuffer *buf, const struct session *s)
{
	admin_page_begin(buf, "Kanata", s);
	panel_summary(buf);
	html(buf, "<h2>Open incidents</h2>\n");
	panel_incidents(buf);
	html(buf, "\n<h2>Silences and maintenance</h2>\n");
	panel_silences(buf);
	html(buf, "\n<form class=\"operate\" method=\"post\" "
	    "action=\"/admin/operate\">\n"
	    "<input type=\"hidden\" name=\"form\" value=\"%s\">\n"
	    "<label class=\"grow\">Component <select name=\"component\" "
	    "required>", s->form);
}

static void
fill_operate_end(struct evbuffer *buf)
{
	html(buf, "</select></label>\n"
	    "<label>For <select name=\"duration\">"
	    "<option value=\"30m\">30 minutes</option>"
	    "<option value=\"1h\" selected>1 hour</option>"
	    "<option value=\"4h\">4 hours</option>"
	    "<option value=\"1d\">1 day</option>"
	    "<option value=\"7d\">7 days</option></select></label>\n"
	    "<label class=\"grow\">Reason <input name=\"reason\" "
	    "maxlength=\"256\"></label>\n"
	    "<button name=\"do\" value=\"silence\">Silence</button>\n"
	    "<button name=\"do\" value=\"unsilence\">End silence</button>\n"
	    "<button name=\"do\" value=\"start\">Start maintenance</button>\n"
	    "<button name=\"do\" value=\"end\">End maintenance</button>\n"
	    "</form>\n<h2>Components</h2>\n"
	    "<ul class=\"rows\" id=\"components\">");
}

static void
fill_rest(struct evbuffer *buf)
{
	html(buf, "</ul>\n<h2>Processes</h2>\n<div class=\"scroll\">");
	panel_workers(buf);
	html(buf, "</div>\n<h2>Watches</h2>\n<div class=\"scroll\">");
	panel_watches(buf);
	html(buf, "</div>\n");
	admin_page_end(buf);
}

static enum fill
page_fill(void *arg, struct evbuffer *buf)
{
	const struct session *s;
	struct page *page = arg;
	struct component *c;

	while (evbuffer_get_length(buf) < PIECE)
		switch (page->step) {
		case HEAD:
			if ((s = session_find(page->token, clock_ticks())) ==
			    NULL)
				return (FILL_END);
			fill_head(buf, s);
			page->step = OPERATE;
			break;
		case OPERATE:
			if ((c = dashboard_next(&page->last)) != NULL) {
				html(buf, "<option value=\"%s\">%s</option>",
				    c->id, panel_component_name(c->id));
				break;
			}
			fill_operate_end(buf);
			page->step = COMPONENTS;
			break;
		case COMPONENTS:
			if ((c = dashboard_next(&page->last)) != NULL)
				panel_component(buf, c);
			else
				page->step = REST;
			break;
		case REST:
			fill_rest(buf);
			return (FILL_END);
		}
	return (FILL_MORE);
}

static void
page_end(void *arg)
{
	struct page *page = arg;

	free(page->last);
	freezero(page, sizeof(*page));
}

static void
answer_page(struct request *req)
{
	static const struct source source = { page_fill, page_end, false };
	const struct session *s = login_wanted(req);
	struct page *page;

	if (s == NULL)
		return;
	page = xcalloc(1, sizeof(*page));
	strlcpy(page->token, s->token, sizeof(page->token));
	admin_headers(req);
	request_reply_source(req, "text/html; charset=utf-8", &source, page);
}

const struct route dashboard_routes[] = {
	{ "/admin", METHOD_GET, answer_page },
	{ "/admin/", METHOD_GET, answer_page },
	{ NULL, 0, NULL }
};
