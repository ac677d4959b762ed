/*
 * Logging in and out.  Passwords come over TLS or from this machine only; a
 * session is a cookie that scripts cannot read and other sites cannot send.
 */
#include <stdio.h>
#include <string.h>

#include "../common/clock.h"
#include "../common/log.h"
#include "accounts.h"
#include "admin.h"
#include "route.h"
#include "throttle.h"

#define COOKIE	"kanata"

static void
set_cookie(struct request *req, const char *token, unsigned seconds)
{
	char cookie[SESSION_TOKEN + 120];

	snprintf(cookie, sizeof(cookie), COOKIE "=%s; Path=/admin; Max-Age=%u; "
	    "HttpOnly; SameSite=Strict%s", token, seconds,
	    request_is_tls(req) ? "; Secure" : "");
	request_add_header(req, "Set-Cookie", cookie);
}

static void
answer_form(struct request *req, int code, const char *problem)
{
	struct evbuffer *buf = evbuffer_new();

	if (buf == NULL)
		fatalx("out of memory");
	admin_headers(req);
	admin_page_begin(buf, "Kanata: log in", NULL);
	html(buf, "<form class=\"login\" method=\"post\" "
	    "action=\"/admin/login\">\n<h2>Log in</h2>\n");
	if (problem != NULL)
		html(buf, "<p class=\"problem\" role=\"alert\">%s</p>\n",
		    problem);
	html(buf, "<label>Name <input name=\"name\" required autofocus "
	    "maxlength=\"%u\" autocomplete=\"username\" "
	    "autocapitalize=\"none\"></label>\n"
	    "<label>Password <input name=\"password\" type=\"password\" "
	    "required maxlength=\"%u\" autocomplete=\"current-password\">"
	    "</label>\n<button>Log in</button>\n</form>\n", USERS_NAME_MAX,
	    USERS_PASSWORD_MAX);
	admin_page_end(buf);
	request_reply_buffer(req, code, "text/html; charset=utf-8", buf);
	evbuffer_free(buf);
}

/* Why nobody can log in by this request; NULL: they can. */
static const char *
forbidden(const struct request *req)
{
	if (!accounts_any())
		return ("Nobody can log in: kanatad create-user makes users, "
		    "and users_file in the section web of kanata.conf says "
		    "where they are.");
	if (!request_is_private(req))
		return ("Passwords are not taken in plain text from another "
		    "machine: set tls in the section web of kanata.conf, or "
		    "come by a tunnel.");
	return (NULL);
}

const struct session *
login_find(const struct request *req)
{
	char token[SESSION_TOKEN + 1];

	if (!request_is_private(req) ||
	    !request_cookie(req, COOKIE, token, sizeof(token)))
		return (NULL);
	return (session_find(token, clock_ticks()));
}

/* Browsers say where a form comes from; it must be from here. */
static bool
is_own_form(const struct request *req)
{
	const char *site = request_header(req, "Sec-Fetch-Site");
	const char *origin = request_header(req, "Origin");
	const char *host = request_header(req, "Host"), *p;

	if (site != NULL)
		return (strcmp(site, "same-origin") == 0);
	if (origin == NULL || host == NULL)
		return (origin == NULL);
	return ((p = strstr(origin, "://")) != NULL && strcmp(p + 3, host) == 0);
}

const struct session *
login_wanted(struct request *req)
{
	const struct session *s = login_find(req);
	const char *why;

	if (s == NULL && (why = forbidden(req)) != NULL)
		admin_fail(req, 403, why, NULL);
	else if (s == NULL)
		answer_form(req, 200, NULL);
	return (s);
}

const struct session *
login_form(struct request *req)
{
	const struct session *s = login_find(req);

	if (s == NULL)
		answer_form(req, 403, "Your session has ended.");
	else if (!is_own_form(req) ||
	    !session_form_ok(s, request_parameter(req, "form"))) {
		admin_fail(req, 403, "This form was not made for your session: "
		    "load the page anew.", s);
		s = NULL;
	}
	return (s);
}

static void
answer_throttled(struct request *req, uint64_t wait)
{
	unsigned seconds = (unsigned)((wait + 999) / 1000);
	char text[100];

	snprintf(text, sizeof(text), "%u", seconds);
	request_add_header(req, "Retry-After", text);
	snprintf(text, sizeof(text), "Too many attempts: try again in %u s.",
	    seconds);
	answer_form(req, 429, text);
}

static void
answer_login(struct request *req)
{
	const char *name = request_parameter(req, "name");
	const char *password = request_parameter(req, "password");
	const char *peer = request_peer(req), *why;
	const struct session *s;
	uint64_t now = clock_ticks(), wait;

	if ((why = forbidden(req)) != NULL) {
		admin_fail(req, 403, why, NULL);
	} else if (!is_own_form(req)) {
		admin_fail(req, 403, "This form was not made here.", NULL);
	} else if (name == NULL || password == NULL || !users_is_name(name) ||
	    strlen(password) > USERS_PASSWORD_MAX) {
		answer_form(req, 400, "Name and password, please.");
	} else if ((wait = throttle_wait(peer, now)) > 0) {
		answer_throttled(req, wait);
	} else if (!accounts_check(name, password)) {
		throttle_failed(peer, now);
		log_warnx("dashboard: login of %s from %s failed",
		    log_safe(name), peer);
		answer_form(req, 403, "Name or password is wrong.");
	} else {
		throttle_passed(peer);
		log_info("dashboard: %s has logged in from %s", name, peer);
		s = session_open(name, now);
		set_cookie(req, s->token, SESSION_TIME / 1000);
		admin_redirect(req);
	}
}

static void
answer_logout(struct request *req)
{
	const struct session *s = login_form(req);

	if (s == NULL)
		return;
	log_info("dashboard: %s has logged out", s->user);
	session_close(s);
	set_cookie(req, "", 0);
	admin_redirect(req);
}

const struct route login_routes[] = {
	{ "/admin/login", METHOD_POST, answer_login },
	{ "/admin/logout", METHOD_POST, answer_logout },
	{ NULL, 0, NULL }
};
