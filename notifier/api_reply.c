/* What was last heard from Instatus, and how long to wait after it. */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <stdio.h>
#include <string.h>

#include "../common/log.h"
#include "api_local.h"

#define UNAUTHORISED_FIRST	3	/* with a bad key: 4 s, 8 s, ... */
#define UNAUTHORISED_MAX	60000	/* ms */

static unsigned		 limited;	/* answers "too many" in a row */
static unsigned		 unauthorised;	/* answers "bad key" in a row */
static char		 last_error[512];
static uint64_t		 last_ok;	/* ms since 1970 */

static void
secret_again(enum secret kind)
{
	struct message_out *m = message_new(MSG_SECRET_AGAIN, 0);

	message_put_u(m, kind);
	channel_send(worker_parent(), m, -1);
}

static void
heard_ok(void)
{
	if (last_error[0] != '\0')
		log_info("Instatus answers again");
	last_error[0] = '\0';
	last_ok = clock_now();
	limited = unauthorised = 0;
}

static void
heard_error(const char *what, const char *next)
{
	if (strcmp(last_error, what) != 0)
		log_warnx("Instatus: %s; %s", what, next);
	strlcpy(last_error, what, sizeof(last_error));
}

static void
heard_limit(struct gate *gate, const struct api_reply *reply)
{
	uint64_t wait = reply->retry_after >= 0 ?
	    (uint64_t)reply->retry_after : backoff_delay(limited,
	    arc4random());
	char text[640];

	limited++;
	gate_close(gate, clock_ticks() + wait);
	snprintf(text, sizeof(text), "it asks for fewer requests (%s)",
	    reply->error);
	heard_error(text, "waiting as long as it says");
}

static uint64_t
unauthorised_wait(unsigned failures)
{
	uint64_t wait = backoff_delay(UNAUTHORISED_FIRST + failures, 0);

	return (wait < UNAUTHORISED_MAX ? wait : UNAUTHORISED_MAX);
}

static void
heard_unauthorised(struct gate *gate, const struct api_reply *reply)
{
	char text[640];

	snprintf(text, sizeof(text), "the key is refused (%s)", reply->error);
	heard_error(text, "nothing can be posted until `key` or "
	    "`key_file` is right; tried again, in the end each minute");
	gate_close(gate, clock_ticks() + unauthorised_wait(unauthorised));
	unauthorised++;
	secret_again(SECRET_INSTATUS_KEY);
}

static enum metric
metric_of(const struct api_reply *reply)
{
	switch (reply->result) {
	case API_OK:
		return (METRIC_REQUESTS_OK);
	case API_UNSURE:
		return (METRIC_REQUESTS_UNSURE);
	case API_UNAUTHORISED:
		return (METRIC_REQUESTS_UNAUTHORISED);
	case API_MISSING:
		return (METRIC_REQUESTS_MISSING);
	case API_REFUSED:
		return (METRIC_REQUESTS_REFUSED);
	default:
		return (reply->status == 429 ? METRIC_REQUESTS_LIMITED :
		    METRIC_REQUESTS_FAILED);
	}
}

void
api_heard(struct gate *gate, const struct api_reply *reply, bool webhook,
    bool page_only)
{
	feed_count(metric_of(reply));
	if (webhook) {
		if (reply->status == 429)
			heard_limit(gate, reply);
		return;
	}
	if (reply->status == 429)
		heard_limit(gate, reply);
	else if (reply->result == API_UNAUTHORISED && !page_only)
		heard_unauthorised(gate, reply);
	else if (reply->result == API_RETRY || reply->result == API_UNSURE)
		heard_error(reply->error, "tried again");
	else
		heard_ok();
}

const char *
api_state(void)
{
	static char text[640];

	if (last_error[0] != '\0')
		snprintf(text, sizeof(text), "%s", last_error);
	else if (last_ok != 0)
		snprintf(text, sizeof(text), "answers");
	else
		snprintf(text, sizeof(text), "not asked yet");
	return (text);
}

/* No answer, or that of a gateway that gave up waiting for one. */
bool
api_late(const struct api_reply *reply)
{
	return (reply->status == 0 || reply->status == 408 ||
	    reply->status == 502 || reply->status == 504);
}

uint64_t
api_delay(const struct api_reply *reply, unsigned failures)
{
	uint64_t delay = backoff_delay(failures, arc4random());

	if (reply->result == API_UNAUTHORISED)
		return (unauthorised_wait(failures));
	/* Looking too early would miss what comes. */
	if (reply->result == API_UNSURE && api_late(reply) && delay < 5000)
		delay += 5000;
	if (reply->retry_after > 0 && (uint64_t)reply->retry_after > delay)
		delay = (uint64_t)reply->retry_after;
	return (delay);
}
