/*
 * The store remembers what stands on the page, for the notifier: in an embedded
 * database or in etcd.
 *
 * It may hold the etcd credential and the descriptors of the embedded database,
 * opened before the cage.  It may call what libcurl needs on connected
 * descriptors, and write and sync the database.  It talks to the parent, the
 * notifier, and by way of the dialer's descriptors to etcd.
 */
#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/http.h"
#include "../common/log.h"
#include "../common/worker.h"
#include "engine.h"

static const struct engine	*engine;
static struct channel		*notifier;
static unsigned			 notifier_instance;
static bool			 stopping;

static struct {
	bool	 reachable, speaks;
	uint64_t until;
	char	 text[512];
} said = { .text = "not configured yet" };

static void
send_state(void)
{
	struct message_out *m;

	if (notifier == NULL)
		return;
	m = message_new(MSG_STORE_STATE, 0);
	message_put_b(m, said.reachable);
	message_put_b(m, said.speaks);
	message_put_s(m, said.text);
	message_put_u(m, said.until);
	channel_send(notifier, m, -1);
}

void
store_say(bool reachable, bool speaks, uint64_t until, const char *text)
{
	if (reachable == said.reachable && speaks == said.speaks &&
	    until == said.until && strcmp(text, said.text) == 0)
		return;
	said.reachable = reachable;
	said.speaks = speaks;
	said.until = until;
	strlcpy(said.text, text, sizeof(said.text));
	send_state();
}

void
store_item(uint32_t id, const char *key, const struct value *value)
{
	struct message_out *m = message_new(MSG_STORE_ITEM, id);

	message_put_s(m, key);
	message_put_x(m, value->data, value->len);
	channel_send(notifier, m, -1);
}

void
store_loaded(uint32_t id)
{
	channel_send_empty(notifier, MSG_STORE_LOADED, id);
}

void
store_done(uint32_t id)
{
	channel_send_empty(notifier, MSG_STORE_DONE, id);
}

void
store_failed(uint32_t id, const char *why)
{
	struct message_out *m = message_new(MSG_STORE_FAILED, id);

	message_put_s(m, why);
	channel_send(notifier, m, -1);
}

void
store_shared_begin(void)
{
	if (notifier != NULL)
		channel_send_empty(notifier, MSG_SHARED_BEGIN, 0);
}

void
store_shared_item(const char *key, const struct value *value)
{
	struct message_out *m;

	if (notifier == NULL)
		return;
	m = message_new(MSG_SHARED_ITEM, 0);
	message_put_s(m, key);
	message_put_x(m, value == NULL ? "" : value->data,
	    value == NULL ? 0 : value->len);
	channel_send(notifier, m, -1);
}

void
store_shared_end(void)
{
	if (notifier != NULL)
		channel_send_empty(notifier, MSG_SHARED_END, 0);
}

void
store_secret_again(enum secret secret)
{
	struct message_out *m = message_new(MSG_SECRET_AGAIN, 0);

	message_put_u(m, secret);
	channel_send(worker_parent(), m, -1);
}

static void
store_on_write(struct message *m)
{
	const char *key = message_get_s(m), *why;
	const uint8_t *data = NULL;
	size_t len = 0;

	if (m->type != MSG_STORE_DELETE)
		data = message_get_x(m, &len);
	if ((why = state_key_refused(key)) != NULL) {
		log_warnx("notifier: key \"%s\" is not stored: %s",
		    log_safe(key), why);
		store_failed(m->id, why);
		return;
	}
	if (m->type == MSG_SHARED_PUT)
		engine->shared_put(m->id, key, len == 0 ? NULL :
		    value_new(data, len));
	else if (m->type == MSG_STORE_PUT)
		engine->put(m->id, key, value_new(data, len));
	else
		engine->put(m->id, key, NULL);
}

static const char *
store_dispatch_notifier(struct channel *c, struct message *m, void *arg)
{
	(void)c;
	(void)arg;
	switch (m->type) {
	case MSG_STORE_LOAD:
		engine->load(m->id);
		return (NULL);
	case MSG_STORE_PUT:
	case MSG_STORE_DELETE:
	case MSG_SHARED_PUT:
		store_on_write(m);
		return (NULL);
	default:
		return ("not a message for the store");
	}
}

static void
store_notifier_gone(struct channel *c, enum channel_end end, const char *why,
    void *arg)
{
	(void)arg;
	worker_peer_gone(ROLE_NOTIFIER, notifier_instance, end, why);
	engine->forget();
	channel_free(c);
	notifier = NULL;
	if (stopping)
		engine->stop();
}

/* The notifier speaks by the lease until it is gone. */
static void
store_stop(void)
{
	stopping = true;
	if (notifier == NULL)
		engine->stop();
}

static void
store_link(enum role peer, unsigned instance, int fd)
{
	switch (peer) {
	case ROLE_NOTIFIER:
		if (notifier != NULL) {
			engine->forget();
			channel_free(notifier);
		}
		notifier_instance = instance;
		notifier = channel_new(worker_base(), fd, ROLE_STORE,
		    ROLE_NOTIFIER, store_dispatch_notifier, store_notifier_gone,
		    NULL);
		send_state();
		engine->shared_tell();
		break;
	case ROLE_DIALER:
		if (engine == &engine_etcd) {
			http_link_dialer(fd);
			break;
		}
		/* FALLTHROUGH */
	default:
		close(fd);
		break;
	}
}

static uint32_t show_id;

static void
store_show_row(const char *name, const char *text)
{
	struct message_out *m = message_new(MSG_SHOW_STATE, show_id);

	message_put_s(m, name);
	message_put_s(m, text);
	channel_send(worker_parent(), m, -1);
}

static void
store_show_leader(void)
{
	struct message_out *m = message_new(MSG_SHOW_LEADER, show_id);
	struct leader_view view;

	engine->leader(&view);
	message_put_u(m, view.leader);
	message_put_s(m, view.host);
	message_put_u(m, view.pid);
	message_put_u(m, view.since);
	message_put_u(m, view.left);
	message_put_s(m, view.text);
	channel_send(worker_parent(), m, -1);
}

static void
store_show(struct message *m)
{
	uint64_t what = message_get_u(m);

	show_id = m->id;
	if (what & SHOW_LEADER)
		store_show_leader();
	if (what & SHOW_STATE)
		engine->show(store_show_row);
	channel_send_empty(worker_parent(), MSG_SHOW_END, m->id);
}

static const char *
store_on_secret_fresh(struct message *m)
{
	uint64_t kind = message_get_u(m);

	if (kind >= SECRET_MAX)
		return ("no such secret");
	engine->secret_fresh((enum secret)kind, message_take_fd(m));
	return (NULL);
}

static const char *
store_dispatch_parent(struct message *m)
{
	switch (m->type) {
	case MSG_SHOW_ASK:
		store_show(m);
		return (NULL);
	case MSG_SECRET_FRESH:
		return (store_on_secret_fresh(m));
	default:
		return ("not a message for the store");
	}
}

/*
 * The argument is the state directory; or empty, or "etcd:" and a text that is
 * the same as long as the parent lives, when etcd is the store.
 */
static void
store_init(struct event_base *base, int argc, char **argv)
{
	const char *argument = argc > 1 ? argv[1] : "";

	if (strncmp(argument, "etcd:", 5) == 0 || *argument == '\0') {
		engine = &engine_etcd;
		etcd_init(base, *argument == '\0' ? "" : argument + 5);
	} else {
		engine = &engine_embedded;
		embedded_open(argument, EMBEDDED_MAP_BYTES);
	}
}

static const char *
store_conf_prepare(const struct conf *conf)
{
	return (engine->conf_prepare(conf));
}

static void
store_conf_commit(const struct conf *conf)
{
	engine->conf_commit(conf);
}

static void
store_conf_abort(void)
{
	engine->conf_abort();
}

static const char *
store_conf_secret(enum secret secret, int fd)
{
	return (engine->conf_secret(secret, fd));
}

int
main(int argc, char **argv)
{
	static const struct worker store = {
		.role = ROLE_STORE,
		.init = store_init,
		.dispatch_parent = store_dispatch_parent,
		.conf_prepare = store_conf_prepare,
		.conf_commit = store_conf_commit,
		.conf_abort = store_conf_abort,
		.conf_secret = store_conf_secret,
		.link = store_link,
		.stop = store_stop,
	};

	worker_run(&store, argc, argv);
}
