/* See notifier_page.h. */
#include <sys/socket.h>
#include <sys/time.h>

#include <bsd/string.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "notifier_page.h"

/* -- the state, as JSON --------------------------------------------------------- */

static json_t *
component(const struct bed *b, unsigned n)
{
	return (json_pack("{s:o, s:o, s:s}", "id", json_sprintf("c%u", n),
	    "name", json_sprintf("Component %u", n), "status", b->status[n]));
}

static json_t *
incident(const struct bed *b, unsigned n)
{
	return (json_pack("{s:o, s:s, s:s, s:s, s:[{s:s}], s:[{s:s}]}",
	    "id", json_sprintf("i%u", n), "name", b->incident[n].name,
	    "started", b->incident[n].started, "status",
	    b->incident[n].open ? "INVESTIGATING" : "RESOLVED", "updates",
	    "started", b->incident[n].updated, "components", "id", "c0"));
}

static json_t *
incidents(const struct bed *b, bool all)
{
	json_t *list = json_array();
	unsigned n;

	for (n = 0; n < b->nincident; n++)
		if (all || b->incident[n].open)
			json_array_append_new(list, incident(b, n));
	return (list);
}

static void
copy(char *to, size_t size, const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	assert_non_null(s);
	strlcpy(to, s, size);
}

static json_t *
create(struct bed *b, const json_t *body)
{
	unsigned n = b->nincident++;

	assert_true(n < INCIDENTS);
	copy(b->incident[n].name, sizeof(b->incident[n].name), body, "name");
	copy(b->incident[n].started, sizeof(b->incident[n].started), body,
	    "started");
	b->incident[n].open = true;
	return (incident(b, n));
}

static void
take_statuses(struct bed *b, const json_t *list)
{
	json_t *one;
	char id[8];
	size_t n;

	json_array_foreach(list, n, one) {
		copy(id, sizeof(id), one, "id");
		if (strcmp(id, "c0") == 0 || strcmp(id, "c1") == 0)
			copy(b->status[id[1] - '0'], sizeof(b->status[0]), one,
			    "status");
	}
}

static json_t *
update(struct bed *b, unsigned n, const json_t *body)
{
	char status[32];

	assert_true(n < b->nincident);
	copy(status, sizeof(status), body, "status");
	b->incident[n].open = strcmp(status, "RESOLVED") != 0;
	copy(b->incident[n].updated, sizeof(b->incident[n].updated), body,
	    "started");
	return (json_pack("{s:s}", "id", "u"));
}

/* -- requests ------------------------------------------------------------------- */

static enum step
step_of(const char *method, const char *path, unsigned *n)
{
	bool get = strcmp(method, "GET") == 0;

	*n = 0;
	if (strncmp(path, "/x/v2/pages?", 12) == 0)
		return (PAGES);
	if (strncmp(path, "/x/v1/p/components?", 19) == 0)
		return (COMPONENTS);
	if (strncmp(path, "/x/v1/p/incidents?", 18) == 0)
		return (INCIDENTS_LIST);
	if (strcmp(path, "/x/v1/p/incidents") == 0)
		return (CREATE);
	if (sscanf(path, "/x/v1/p/components/c%u", n) == 1 && *n < 2)
		return (get ? GET_COMPONENT : PUT_COMPONENT);
	if (sscanf(path, "/x/v1/p/incidents/i%u", n) == 1)
		return (strstr(path, "incident-updates") != NULL ? UPDATE :
		    get ? GET_INCIDENT : OTHER);
	return (OTHER);
}

static json_t *
perform(struct bed *b, enum step step, unsigned n, const char *path,
    const json_t *body)
{
	bool first = strstr(path, "page=1&") != NULL;

	switch (step) {
	case PAGES:
		return (first ? json_pack("[{s:s, s:s}]", "id", "p", "name",
		    "Page") : json_array());
	case COMPONENTS:
		return (first ? json_pack("[o, o]", component(b, 0),
		    component(b, 1)) : json_array());
	case INCIDENTS_LIST:
		return (first ? incidents(b, strstr(path, "status=") == NULL) :
		    json_array());
	case CREATE:
		take_statuses(b, json_object_get(body, "statuses"));
		return (create(b, body));
	case GET_INCIDENT:
		return (n < b->nincident ? incident(b, n) : NULL);
	case UPDATE:
		take_statuses(b, json_object_get(body, "statuses"));
		return (update(b, n, body));
	case GET_COMPONENT:
		return (component(b, n));
	case PUT_COMPONENT:
		copy(b->status[n], sizeof(b->status[n]), body, "status");
		return (component(b, n));
	default:
		return (NULL);
	}
}

/* -- answers -------------------------------------------------------------------- */

/* The notifier may have closed it by now, which is its right. */
static bool
say(struct conn *c, const void *p, size_t len)
{
	const char *s = p;
	ssize_t n;

	for (; len > 0; s += n, len -= n)
		if ((n = send(c->fd, s, len, MSG_NOSIGNAL)) <= 0)
			return (false);
	return (true);
}

static void
answer(struct conn *c, json_t *reply)
{
	char head[160], *text = reply == NULL ? NULL : json_dumps(reply, 0);
	size_t len = text == NULL ? 0 : strlen(text);

	snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Type: "
	    "application/json\r\nContent-Length: %zu\r\n\r\n", reply == NULL ?
	    "404 Not Found" : "200 OK", len);
	if (say(c, head, strlen(head)))
		say(c, text, len);
	free(text);
}

static void
conn_close(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
	c->len = 0;
}

/* The body of a hostile answer; the caller frees. */
static char *
body_of(const struct hostile *h, size_t *len)
{
	char *body, *p;
	size_t i;

	*len = h->fill != NULL ? strlen(h->fill) * h->times : 19 * h->ids + 1;
	assert_non_null(p = body = malloc(*len + 1));
	if (h->fill != NULL)
		for (i = 0; i < h->times; i++)
			p = stpcpy(p, h->fill);
	else {
		for (i = 0; i < h->ids; i++)
			p += sprintf(p, "%c{\"id\":\"p%08zu\"}",
			    i == 0 ? '[' : ',', i);
		*p = ']';
	}
	return (body);
}

static void
strike(struct bed *b, struct conn *c)
{
	const struct hostile *h = b->hostile;
	char head[160], *body;
	size_t len;

	b->struck = true;
	if (h->raw != NULL)
		say(c, h->raw, strlen(h->raw));
	else {
		body = body_of(h, &len);
		snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n"
		    "Content-Length: %ld\r\n\r\n", (long)len + h->more);
		if (say(c, head, strlen(head)))
			say(c, body, len);
		free(body);
	}
	conn_close(c);
}

static void
on_request(struct bed *b, struct conn *c, const char *body)
{
	char method[8], path[512];
	json_t *json = json_loads(body, 0, NULL), *reply = NULL;
	enum step step;
	unsigned n;

	assert_int_equal(sscanf(c->in, "%7s %511s HTTP/1.1", method, path), 2);
	assert_non_null(strstr(c->in, "Authorization: Bearer the-key\r\n"));
	step = step_of(method, path, &n);
	b->asked[step]++;
	if (step == OTHER)
		strlcpy(b->other, c->in, sizeof(b->other));
	if (b->hostile != NULL && b->hostile->step == step && !b->struck) {
		if (b->hostile->done)
			reply = perform(b, step, n, path, json);
		strike(b, c);
	} else {
		reply = perform(b, step, n, path, json);
		answer(c, reply);
	}
	json_decref(reply);
	json_decref(json);
}

void
page_connected(struct bed *b, int fd)
{
	const struct timeval limit = { .tv_sec = CHILD_PATIENCE / 1000 };
	unsigned i;

	for (i = 0; i < CONNS && b->conn[i].fd != -1; i++)
		;
	if (i == CONNS)
		bed_fail(b, "content with so many connections");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	b->conn[i].fd = fd;
	b->conn[i].len = 0;
	b->nconn++;
}

void
page_read(struct bed *b, struct conn *c)
{
	size_t want = 0;
	char *end, *length;
	ssize_t n;

	n = read(c->fd, c->in + c->len, sizeof(c->in) - 1 - c->len);
	if (n <= 0) {
		conn_close(c);
		return;
	}
	c->len += n;
	c->in[c->len] = '\0';
	if (b->tls) {
		/* It must be a handshake; we are no party to it. */
		if (c->in[0] != 0x16)
			b->clear_text = true;
		say(c, "HTTP/1.1 200 OK\r\n\r\n[]", 21);
		conn_close(c);
		return;
	}
	if ((end = strstr(c->in, "\r\n\r\n")) == NULL)
		return;
	end += 4;
	if ((length = strstr(c->in, "Content-Length: ")) != NULL && length < end)
		want = strtoul(length + 16, NULL, 10);
	if ((size_t)(c->in + c->len - end) < want)
		return;
	on_request(b, c, end);
	c->len = 0;
}

void
page_close(struct bed *b)
{
	unsigned i;

	for (i = 0; i < CONNS; i++)
		if (b->conn[i].fd != -1)
			conn_close(&b->conn[i]);
}
