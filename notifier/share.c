/*
 * What all replicas share, from the notifier's side: orders of operators, which
 * hold once the store has them, and the history.
 */
#include <bsd/sys/queue.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "notifier.h"
#include "tap.h"

/* A write that is not answered. */
struct share {
	TAILQ_ENTRY(share) entry;
	uint32_t	 id;
	share_done_fn	 done;
	void		*arg;
};

static TAILQ_HEAD(, share) shares = TAILQ_HEAD_INITIALIZER(shares);
static bool	 known;

bool
share_known(void)
{
	return (known);
}

void
share_put(const char *key, const char *value, share_done_fn done, void *arg)
{
	struct message_out *m;
	struct share *s;
	uint32_t id;

	if ((id = persist_id()) == 0) {
		done("the store does not run: try again", arg);
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->id = id;
	s->done = done;
	s->arg = arg;
	TAILQ_INSERT_TAIL(&shares, s, entry);
	m = message_new(MSG_SHARED_PUT, id);
	message_put_s(m, key);
	message_put_x(m, value == NULL ? "" : value,
	    value == NULL ? 0 : strlen(value));
	persist_send(m);
}

bool
share_done(uint32_t id, const char *why)
{
	struct share *s;

	TAILQ_FOREACH(s, &shares, entry)
		if (s->id == id)
			break;
	if (s == NULL)
		return (false);
	TAILQ_REMOVE(&shares, s, entry);
	s->done(why, s->arg);
	free(s);
	return (true);
}

void
share_lost(void)
{
	struct share *s;

	known = false;
	while ((s = TAILQ_FIRST(&shares)) != NULL)
		share_done(s->id, "the store ended before it answered: look "
		    "with `kanatactl show silences` whether it was done");
}

static void
on_item(struct message *m)
{
	const char *key = message_get_s(m), *value, *id;
	enum order_kind kind;
	size_t len;

	value = (const char *)message_get_x(m, &len);
	if (strncmp(key, ORDER_PREFIX, strlen(ORDER_PREFIX)) == 0) {
		if (incidents_order_record(core, key, value, len) == -1) {
			log_warnx("the record %s makes no sense and is "
			    "ignored", log_safe(key));
			if (order_key_parse(key, &kind, &id) == -1)
				return;
			len = 0;
		}
		tap_order(key, value, len);
		operator_look();
	} else
		journal_record(key, value, len);
}

const char *
share_dispatch(struct message *m)
{
	switch (m->type) {
	case MSG_SHARED_BEGIN:
		known = false;
		incidents_orders_forget(core);
		break;
	case MSG_SHARED_ITEM:
		on_item(m);
		break;
	default:
		known = true;
		break;
	}
	notifier_kick();
	return (NULL);
}
