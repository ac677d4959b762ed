/*
 * The watch on what the replicas share: a stream that tells of each change as it
 * comes.  When it ends, for whatever reason, all is read again and a new one is
 * begun behind that.
 *
 * A watch on a node that is cut off from the others, or that we are cut off from,
 * stays silent for ever (etcd-io/etcd#8673).  The election notices, and whenever it
 * has trouble with a node the watch is begun anew.
 */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "etcd.h"

/* A transaction of the largest values, as base64. */
#define MESSAGE_BYTES	(4 * 1024 * 1024)
#define BACKOFF_MIN	500U		/* ms */
#define BACKOFF_MAX	30000U
/* ms; etcd speaks up every ten minutes when it has nothing to tell. */
#define IDLE_LIMIT	(15 * 60 * 1000)

static void
buffer_clear(struct etcd *e)
{
	free(e->watch_text);
	e->watch_text = NULL;
	e->watch_len = e->watch_size = 0;
}

static void
take_events(struct etcd *e, const json_t *result)
{
	const json_t *events = json_object_get(result, "events"), *event;
	struct etcd_kv kv;
	bool deleted;
	size_t i;

	json_array_foreach(events, i, event)
		if (etcd_event_read(event, &kv, &deleted) == 0) {
			etcd_shared_apply(e, &kv, deleted);
			etcd_shared_passed(e, kv.mod_revision);
			etcd_kv_clear(&kv);
		}
}

/* One message of the stream; -1: it is at its end. */
static int
take_message(struct etcd *e, const char *text, size_t len)
{
	char why[ETCD_TEXT_MAX];
	json_t *result;
	int rc = 0;

	if (etcd_read(200, text, len, &result, why) != ETCD_OK) {
		strlcpy(e->watch_trouble, log_safe(why),
		    sizeof(e->watch_trouble));
		return (-1);
	}
	/* Cancelled: what it should tell of is compacted, or may not be seen. */
	if (json_is_true(json_object_get(result, "canceled"))) {
		strlcpy(e->watch_trouble, "cancelled by etcd",
		    sizeof(e->watch_trouble));
		rc = -1;
	} else {
		e->watch_failures = 0;
		evtimer_del(e->watch_deadline);
		take_events(e, result);
	}
	json_decref(result);
	return (rc);
}

static int
buffer_add(struct etcd *e, const char *data, size_t len)
{
	size_t size = e->watch_size == 0 ? 4096 : e->watch_size;
	char *text;

	if (len > MESSAGE_BYTES - e->watch_len)
		return (-1);
	while (size < e->watch_len + len)
		size *= 2;
	if (size != e->watch_size) {
		if ((text = realloc(e->watch_text, size)) == NULL)
			fatal("realloc");
		e->watch_text = text;
		e->watch_size = size;
	}
	memcpy(e->watch_text + e->watch_len, data, len);
	e->watch_len += len;
	return (0);
}

/* The gateway ends each message with a newline. */
static int
on_data(struct http_request *request, const char *data, size_t len, void *arg)
{
	struct etcd *e = arg;
	const char *newline;
	size_t part;

	(void)request;
	while (len > 0) {
		newline = memchr(data, '\n', len);
		part = newline == NULL ? len : (size_t)(newline - data);
		if (buffer_add(e, data, part) == -1) {
			strlcpy(e->watch_trouble, "a message is larger than "
			    "4 MiB", sizeof(e->watch_trouble));
			return (-1);
		}
		if (newline == NULL)
			return (0);
		if (e->watch_len > 0 &&
		    take_message(e, e->watch_text, e->watch_len) == -1)
			return (-1);
		buffer_clear(e);
		data += part + 1;
		len -= part + 1;
	}
	return (0);
}

static unsigned
backoff(const struct etcd *e)
{
	unsigned delay = BACKOFF_MIN, n;

	for (n = 1; n < e->watch_failures && delay < BACKOFF_MAX; n++)
		delay *= 2;
	return (delay / 2 + arc4random_uniform(delay / 2 + 1));
}

/* It has ended: all is read again, after a while. */
static void
begin_anew(struct etcd *e)
{
	struct timeval tv;
	unsigned delay;

	/* One that ends now and then is no news. */
	if (++e->watch_failures == 3)
		log_warnx("etcd: what other kanatad share cannot be watched: "
		    "%s; trying again", log_safe(e->watch_trouble));
	e->shared_fresh = false;
	delay = backoff(e);
	tv.tv_sec = delay / 1000;
	tv.tv_usec = delay % 1000 * 1000;
	evtimer_add(e->watch_timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	etcd_shared_step(arg);
}

static void
on_done(struct http_request *request, const struct http_reply *reply, void *arg)
{
	struct etcd *e = arg;
	json_t *unused;

	(void)request;
	e->watch = NULL;
	etcd_watch_stop(e);
	if (reply->outcome == HTTP_REPLY && reply->body != NULL) {
		etcd_read(reply->status, reply->body, reply->len, &unused,
		    e->watch_trouble);
		json_decref(unused);
	} else if (reply->error != NULL && reply->outcome != HTTP_STOPPED)
		strlcpy(e->watch_trouble, reply->error,
		    sizeof(e->watch_trouble));
	begin_anew(e);
}

/* It went out on a connection that was kept and is dead. */
static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct etcd *e = arg;

	(void)fd;
	(void)what;
	strlcpy(e->watch_trouble, "no answer", sizeof(e->watch_trouble));
	etcd_watch_stop(e);
	begin_anew(e);
}

void
etcd_watch_stop(struct etcd *e)
{
	if (e->watch != NULL)
		http_cancel(e->watch);
	e->watch = NULL;
	evtimer_del(e->watch_deadline);
	buffer_clear(e);
}

void
etcd_watch_step(struct etcd *e)
{
	const struct timeval limit = { .tv_sec = ETCD_TIME_LIMIT / 1000 };
	struct http_request_options o = { 0 };
	json_t *body;
	char *text;

	if (e->watch != NULL) {
		if (e->watch_node == e->current && !e->watch_suspect)
			return;
		/* What it did not tell is read behind its back. */
		etcd_watch_stop(e);
		e->shared_fresh = false;
		etcd_shared_step(e);
		return;
	}
	body = etcd_watch_request(e->shared_prefix, e->shared_revision + 1);
	text = etcd_text(body);
	json_decref(body);
	e->watch_node = e->current;
	e->watch_suspect = false;
	o.method = "POST";
	o.path = "/v3/watch";
	o.authorization = e->token;
	o.body = text;
	o.body_len = strlen(text);
	o.timeout = HTTP_NO_TIMEOUT;
	o.idle_timeout = IDLE_LIMIT;
	o.data = on_data;
	o.done = on_done;
	o.arg = e;
	e->watch = http_send(e->node[e->current].server, &o);
	/* The first message says that it was created. */
	evtimer_add(e->watch_deadline, &limit);
	etcd_text_free(text);
}

void
etcd_watch_init(struct etcd *e)
{
	e->watch = NULL;
	e->watch_deadline = evtimer_new(e->base, on_deadline, e);
	e->watch_timer = evtimer_new(e->base, on_timer, e);
	if (e->watch_deadline == NULL || e->watch_timer == NULL)
		fatalx("libevent cannot make a timer");
	strlcpy(e->watch_trouble, "it ended", sizeof(e->watch_trouble));
}
