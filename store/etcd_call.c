/* One request to one node of etcd: login token, failover, what an error means. */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "etcd.h"

/* What is shared is at most 6 MiB; base64 and, for 32768 keys, what stands
 * around it. */
#define REPLY_MAX	(16 * 1024 * 1024)
/* ms before another try of what only a human can put right. */
#define DELAY_REFUSED	30000
#define DELAY_DENIED	10000

bool
etcd_needs_login(const struct etcd *e)
{
	return (*e->user != '\0' && e->token == NULL && !e->auth_off);
}

void
etcd_forget_token(struct etcd *e)
{
	if (e->token != NULL)
		freezero(e->token, strlen(e->token));
	e->token = NULL;
	e->auth_off = false;
}

bool
etcd_busy(const struct etcd *e, enum etcd_lane lane)
{
	return (e->call[lane].request != NULL);
}

void
etcd_cancel(struct etcd *e, enum etcd_lane lane)
{
	if (e->call[lane].request != NULL)
		http_cancel(e->call[lane].request);
	e->call[lane].request = NULL;
}

/*
 * A round over all nodes without a pause, then pauses that double, with jitter:
 * replicas must not come back all at once.
 */
static unsigned
backoff(const struct etcd *e)
{
	unsigned rounds = e->failures / e->nnode, delay = ETCD_BACKOFF_MAX;

	if (e->failures % e->nnode != 0)
		return (0);
	if (rounds < 6 && (ETCD_BACKOFF_MIN << (rounds - 1)) < delay)
		delay = ETCD_BACKOFF_MIN << (rounds - 1);
	return (delay / 2 + arc4random_uniform(delay / 2 + 1));
}

unsigned
etcd_delay(const struct etcd *e, enum etcd_error error)
{
	switch (error) {
	case ETCD_REFUSED:
		return (DELAY_REFUSED);
	case ETCD_DENIED:
	case ETCD_BUG:
		return (DELAY_DENIED);
	case ETCD_NO_SPACE:
		/* Whoever waits for a write sees more than one try. */
		return (ETCD_TIME_LIMIT / 2);
	default:
		return (e->failures == 0 ? 0 : backoff(e));
	}
}

static void
count_failure(struct etcd *e, unsigned node)
{
	e->failures++;
	e->watch_suspect = true;
	/* The other lane may have left this node already. */
	if (e->current == node)
		e->current = (node + 1) % e->nnode;
	/* One lost connection is no outage. */
	if (e->failures > e->nnode)
		e->reachable = false;
}

/* What a request that got no answer means. */
static enum etcd_error
read_loss(const struct etcd_call *call, const struct http_reply *reply)
{
	const struct etcd *e = call->etcd;

	/*
	 * etcd 3.4.23 closes the connection, without a word, when it does not
	 * know the token (etcd-io/etcd#15256): log in anew once, on this node.
	 */
	if (reply->outcome == HTTP_LOST && call->had_token &&
	    !e->token_suspect && clock_boottime() - call->sent < call->limit)
		return (ETCD_TOKEN);
	return (ETCD_RETRY);
}

/* What http says begins with the node already. */
static void
say_trouble(struct etcd *e, const struct etcd_node *node, const char *text)
{
	char where[128];

	snprintf(where, sizeof(where), "%.100s:%u: ", node->host, node->port);
	if (strncmp(text, where, strlen(where)) == 0)
		text += strlen(where);
	snprintf(e->trouble, sizeof(e->trouble), "%s%s", where, log_safe(text));
	e->reason = e->trouble + strlen(where);
}

static void
judge(struct etcd *e, struct etcd_call *call, enum etcd_error error,
    const char *text)
{
	switch (error) {
	case ETCD_OK:
	case ETCD_NO_LEASE:
		/* Whether the new token is of use is not known yet. */
		if (call->is_login)
			return;
		e->failures = 0;
		e->reachable = true;
		e->token_suspect = false;
		return;
	case ETCD_NO_SPACE:
		if (!e->full)
			log_warnx("etcd is out of space (%s): free some, then "
			    "`etcdctl alarm disarm`", log_safe(text));
		e->full = e->reachable = true;
		e->failures = 0;
		break;
	case ETCD_AUTH_OFF:
		break;
	case ETCD_TOKEN:
		etcd_forget_token(e);
		/* A token that is new and still not good: this node is behind,
		 * or it is something else. */
		if (e->token_suspect)
			count_failure(e, call->node);
		e->token_suspect = true;
		break;
	case ETCD_REFUSED:
	case ETCD_DENIED:
	case ETCD_BUG:
		e->failures = 0;
		e->reachable = false;
		break;
	case ETCD_RETRY:
	case ETCD_GARBAGE:
		count_failure(e, call->node);
		break;
	}
	say_trouble(e, &e->node[call->node], text);
	log_debug("etcd: %s (%s)", e->trouble, etcd_error_name(error));
}

static void
on_reply(struct http_request *request, const struct http_reply *reply, void *arg)
{
	struct etcd_call *call = arg;
	struct etcd *e = call->etcd;
	char text[ETCD_TEXT_MAX] = "";
	enum etcd_error error;
	json_t *json = NULL;

	(void)request;
	call->request = NULL;
	switch (reply->outcome) {
	case HTTP_REPLY:
		error = etcd_read(reply->status, reply->body, reply->len, &json,
		    text);
		break;
	case HTTP_TOO_LARGE:
		error = ETCD_GARBAGE;
		strlcpy(text, "the answer is larger than 16 MiB", sizeof(text));
		break;
	default:
		error = read_loss(call, reply);
		strlcpy(text, reply->error == NULL ? "no answer" : reply->error,
		    sizeof(text));
		break;
	}
	if (error == ETCD_TOKEN && *e->user == '\0')
		error = ETCD_DENIED;
	judge(e, call, error, text);
	call->done(e, error, json, text);
	json_decref(json);
	etcd_update(e);
}

void
etcd_call(struct etcd *e, enum etcd_lane lane, const char *path, json_t *body,
    unsigned limit, etcd_done_fn done)
{
	struct etcd_call *call = &e->call[lane];
	struct http_request_options o = { 0 };
	char *text;

	text = etcd_text(body);
	json_decref(body);
	call->etcd = e;
	call->node = e->current;
	call->limit = limit;
	call->had_token = e->token != NULL;
	call->is_login = etcd_needs_login(e);
	call->done = done;
	o.method = "POST";
	o.path = path;
	o.authorization = e->token;
	o.body = text;
	o.body_len = strlen(text);
	o.reply_max = REPLY_MAX;
	o.timeout = limit;
	o.done = on_reply;
	o.arg = call;
	/* The lease counts from here: before it can have arrived. */
	call->sent = clock_boottime();
	call->request = http_send(e->node[e->current].server, &o);
	etcd_text_free(text);
}
