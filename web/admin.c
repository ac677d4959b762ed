#include "../common/log.h"
#include "admin.h"
#include "mirror.h"

void
admin_headers(struct request *req)
{
	request_add_header(req, "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self'; "
	    "img-src 'self'; connect-src 'self'; form-action 'self'; "
	    "base-uri 'none'; frame-ancestors 'none'");
	request_add_header(req, "Referrer-Policy", "no-referrer");
	request_add_header(req, "Cross-Origin-Opener-Policy", "same-origin");
	request_add_header(req, "Cross-Origin-Resource-Policy", "same-origin");
}

void
admin_page_begin(struct evbuffer *buf, const char *title,
    const struct session *s)
{
	html(buf, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<title>%s</title>\n"
	    "<link rel=\"icon\" href=\"/admin/icon.svg\">\n"
	    "<link rel=\"stylesheet\" href=\"/admin/admin.css\">\n", title);
	if (s != NULL)
		html(buf, "<script src=\"/admin/admin.js\" defer></script>\n"
		    "<noscript><meta http-equiv=\"refresh\" content=\"30\">"
		    "</noscript>\n");
	html(buf, "</head>\n<body data-seen=\"%u\">\n<header><h1>Kanata</h1>",
	    (unsigned)mirror.changes);
	if (s != NULL)
		html(buf, "<p id=\"live\" role=\"status\"></p>"
		    "<form method=\"post\" action=\"/admin/logout\">"
		    "<input type=\"hidden\" name=\"form\" value=\"%s\">"
		    "<span>%s</span> <button>Log out</button></form>",
		    s->form, s->user);
	html(buf, "</header>\n<main>\n");
}

void
admin_page_end(struct evbuffer *buf)
{
	html(buf, "</main>\n</body>\n</html>\n");
}

void
admin_redirect(struct request *req)
{
	request_add_header(req, "Location", "/admin");
	request_reply(req, 303, "text/plain; charset=utf-8", "see /admin\n");
}

void
admin_fail(struct request *req, int code, const char *text,
    const struct session *s)
{
	struct evbuffer *buf = evbuffer_new();

	if (buf == NULL)
		fatalx("out of memory");
	admin_headers(req);
	admin_page_begin(buf, "Kanata", s);
	html(buf, "<p class=\"problem\" role=\"alert\">%s</p>\n"
	    "<p><a href=\"/admin\">Back</a></p>\n", text);
	admin_page_end(buf);
	request_reply_buffer(req, code, "text/html; charset=utf-8", buf);
	evbuffer_free(buf);
}
