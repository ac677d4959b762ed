/*
 * The state as it stands in etcd, read when the lead begins.
 */
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "engine.h"
#include "etcd.h"

/* One key below state/ as it stands in etcd. */
static void
take(struct etcd *e, struct etcd_kv *kv, bool fresh, unsigned *unknown)
{
	const size_t len = strlen(e->state_prefix);
	const char *name, *why;
	struct item *item;

	if (strncmp(kv->key, e->state_prefix, len) != 0)
		return;
	name = kv->key + len;
	if ((why = state_key_refused(name)) == NULL && fresh)
		why = state_no_room(&e->state, name, kv->value_len);
	if (why != NULL) {
		log_warnx("etcd: \"%s\" is ignored: %s", log_safe(kv->key), why);
		return;
	}
	item = fresh ? state_need(&e->state, name) :
	    state_find(&e->state, name);
	if (item == NULL) {
		(*unknown)++;
		return;
	}
	value_free(item->stored);
	item->stored = value_new(kv->value, kv->value_len);
	item->mod_revision = kv->mod_revision;
	item->is_seen = true;
	if (fresh) {
		state_want(&e->state, item, value_ref(item->stored));
		value_free(item->promised);
		item->promised = value_ref(item->stored);
	}
}

static void
on_pull(struct etcd *e, enum etcd_error error, const json_t *reply,
    const char *text)
{
	struct item *item, *next;
	struct etcd_kv kv;
	unsigned unknown = 0;
	bool fresh;
	size_t i;

	(void)text;
	if (error != ETCD_OK || (e->leader_revision == 0 && !e->observe)) {
		etcd_elect_again(e, error);
		return;
	}
	if (e->loaded && e->last_foreign)
		etcd_elect_lost(e);
	fresh = !e->loaded;
	for (item = state_first(&e->state); item != NULL;
	    item = state_next(item))
		item->is_seen = false;
	for (i = 0; i < etcd_kv_count(reply); i++)
		if (etcd_kv_read(reply, i, &kv) == 0) {
			take(e, &kv, fresh, &unknown);
			etcd_kv_clear(&kv);
		}
	for (item = state_first(&e->state); item != NULL; item = next) {
		next = state_next(item);
		if (!item->is_seen) {
			value_free(item->stored);
			item->stored = NULL;
			item->mod_revision = 0;
		}
		/* What was sent under an earlier leadership is too late now. */
		item->is_unsure = false;
		etcd_write_settle(e, item);
	}
	if (unknown > 0)
		log_warnx("etcd: %u keys below %s are not of this process: "
		    "left alone", unknown, log_safe(e->state_prefix));
	log_info("etcd: %u keys read, %u of them to be written",
	    e->state.count, e->ndirty);
	e->pulled = e->loaded = e->led = true;
	e->last_foreign = false;
	etcd_answer_load(e);
	etcd_write_step(e);
	etcd_elect_again(e, error);
}

void
etcd_pull(struct etcd *e)
{
	etcd_shared_again(e);
	etcd_call(e, LANE_ELECT, "/v3/kv/range",
	    etcd_range_prefix(e->state_prefix, 2 * STATE_ITEMS_MAX),
	    ETCD_TIME_LIMIT, on_pull);
}
