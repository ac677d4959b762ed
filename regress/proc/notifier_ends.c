/* See notifier_ends.h; Instatus is in notifier_page.c. */
#include <sys/mman.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <bsd/string.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/message_io.h"
#include "notifier_page.h"

struct bed	*beds;
unsigned	 nbed;

void
bed_fail(struct bed *b, const char *what)
{
	ssize_t n = 0;

	if (poll(&(struct pollfd){ .fd = b->child.log, .events = POLLIN }, 1,
	    0) == 1)
		n = read(b->child.log, b->child.text + b->child.len,
		    sizeof(b->child.text) - 1 - b->child.len);
	if (n > 0)
		b->child.len += n;
	b->child.text[b->child.len] = '\0';
	print_error("notifier %u (%s): not %s; its log:\n%s\n", b->number,
	    b->hostile == NULL ? "" : b->hostile->what, what, b->child.text);
	fail();
	abort();
}

/* -- the dialer ----------------------------------------------------------------- */

/* Two ends of a connection over loopback. */
static void
connection(int fd[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sin, &len),
	    0);
	fd[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd[0], (struct sockaddr *)&sin, len), 0);
	fd[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_not_equal(fd[1], -1);
	close(listener);
}

static void
on_dialer(struct bed *b, struct message *m)
{
	struct message_out *out;
	int fd[2];

	assert_int_equal(m->type, MSG_DIAL_CONNECT);
	assert_int_equal(message_get_u(m), ENDPOINT_INSTATUS);
	connection(fd);
	page_connected(b, fd[0]);
	out = message_new(MSG_DIAL_CONNECTED, m->id);
	message_put_u(out, ENDPOINT_INSTATUS);
	assert_int_equal(message_send(b->dialer, out, fd[1]), 0);
	close(fd[1]);
}

/* -- the store ------------------------------------------------------------------ */

static void
store_send(struct bed *b, enum message_type type, uint32_t id)
{
	assert_int_equal(message_send(b->store, message_new(type, id), -1), 0);
}

void
store_says(struct bed *b, bool reachable, bool speaks)
{
	struct message_out *m = message_new(MSG_STORE_STATE, 0);

	message_put_b(m, reachable);
	message_put_b(m, speaks);
	message_put_s(m, "the test");
	message_put_u(m, 0);
	assert_int_equal(message_send(b->store, m, -1), 0);
	store_send(b, MSG_SHARED_BEGIN, 0);
	store_send(b, MSG_SHARED_END, 0);
}

void
store_item(struct bed *b, uint32_t id, const char *key, const void *value,
    size_t len)
{
	struct message_out *m = message_new(MSG_STORE_ITEM, id);

	message_put_s(m, key);
	message_put_x(m, value, len);
	assert_int_equal(message_send(b->store, m, -1), 0);
}

static void
on_store(struct bed *b, struct message *m)
{
	const struct item *i;

	switch (m->type) {
	case MSG_STORE_LOAD:
		for (i = b->items; i != NULL && i->key != NULL; i++)
			store_item(b, m->id, i->key, i->value,
			    strlen(i->value));
		store_send(b, MSG_STORE_LOADED, m->id);
		b->loaded = true;
		break;
	case MSG_SHARED_PUT:
		store_send(b, MSG_STORE_DONE, m->id);
		break;
	case MSG_STORE_PUT:
	case MSG_STORE_DELETE:
		b->nput++;
		strlcat(b->put, message_get_s(m), sizeof(b->put));
		strlcat(b->put, ";", sizeof(b->put));
		store_send(b, MSG_STORE_DONE, m->id);
		break;
	default:
		fail_msg("%s", message_name(m->type));
	}
}

/* -- the watcher ---------------------------------------------------------------- */

static void
on_watcher(struct bed *b, struct message *m)
{
	(void)b;
	fail_msg("%s", message_name(m->type));
}

void
watcher_says(struct bed *b, unsigned component, enum health health)
{
	struct message_out *m = message_new(MSG_HEALTH_SET, 0);
	char id[16];

	snprintf(id, sizeof(id), "c%u", component);
	message_put_s(m, id);
	message_put_u(m, health);
	message_put_u(m, health == HEALTH_OK ? CAUSE_NONE : CAUSE_CRASH_LOOP);
	message_put_u(m, health == HEALTH_OK);
	message_put_u(m, 1);
	message_put_u(m, (uint64_t)time(NULL) * 1000);
	message_put_b(m, false);
	message_put_s(m, "");
	assert_int_equal(message_send(b->watcher, m, -1), 0);
}

/* -- the parent ----------------------------------------------------------------- */

static void
add_rows(struct bed *b, const char *s)
{
	strlcat(b->rows, s, sizeof(b->rows));
	strlcat(b->rows, "\n", sizeof(b->rows));
}

static void
on_parent(struct bed *b, struct message *m)
{
	uint64_t role;

	switch (m->type) {
	case MSG_PROC_PONG:
		b->ponged = true;
		break;
	case MSG_PROC_HUNG:
		role = message_get_u(m);
		assert_true(role < ROLE_MAX);
		b->hung[role] = true;
		break;
	case MSG_SECRET_AGAIN:
		assert_int_equal(message_get_u(m), SECRET_INSTATUS_KEY);
		b->nkey_again++;
		break;
	case MSG_LIST_COMPONENT:
		add_rows(b, message_get_s(m));
		message_get_s(m);
		add_rows(b, message_get_s(m));
		add_rows(b, message_get_s(m));
		break;
	case MSG_CTL_FAILED:
	case MSG_LIST_FAILED:
		add_rows(b, message_get_s(m));
		/* FALLTHROUGH */
	case MSG_LIST_END:
		b->listed = true;
		break;
	case MSG_SHOW_END:
		b->shown = true;
		break;
	default:	/* rows of MSG_SHOW_ASK */
		break;
	}
}

static void
send_row(struct bed *b, struct message_out *m)
{
	child_send(&b->child, m, -1);
}

static void
send_generation(struct bed *b, enum message_type type)
{
	struct message_out *m = message_new(type, 0);

	message_put_u(m, 1);
	if (type == MSG_CONF_BEGIN)
		message_put_b(m, false);
	send_row(b, m);
}

static void
send_conf(struct bed *b)
{
	static char empty[] = "", host[] = "127.0.0.1", url[] = "http://127.0.0.1/x";
	struct conf_endpoint endpoint = { .number = ENDPOINT_INSTATUS,
	    .role = ROLE_NOTIFIER, .host = host, .port = 1, .tls = b->tls };
	struct conf_watch watch = { KIND_POD, empty, host };
	struct conf_component c = { .name = empty, .cluster = empty,
	    .group = empty, .reopen_within = 900000, .nwatch = 1,
	    .watch = &watch, .partial_below = 50 };
	struct conf *conf = conf_new();
	char id[2][8] = { "c0", "c1" };
	unsigned i;

	free(conf->global.instatus_url);
	conf->global.instatus_url = url;
	conf->global.group_wait = 0;
	conf->global.rate_per_minute = 6000;
	send_row(b, conf_pack_global(&conf->global));
	conf->global.instatus_url = NULL;
	conf_free(conf);
	send_row(b, conf_pack_endpoint(&endpoint));
	for (i = 0; i < 2; i++) {
		c.id = id[i];
		send_row(b, conf_pack_component(&c));
	}
}

static void
configure(struct bed *b)
{
	struct message_out *m = message_new(MSG_CONF_SECRET, 0);
	int fd = memfd_create("key", MFD_CLOEXEC);

	send_generation(b, MSG_CONF_BEGIN);
	send_conf(b);
	assert_int_equal(write(fd, "the-key", 7), 7);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	m = message_new(MSG_CONF_SECRET, 0);
	message_put_u(m, SECRET_INSTATUS_KEY);
	child_send(&b->child, m, fd);
	close(fd);
	send_generation(b, MSG_CONF_END);
	child_receive(&b->child, MSG_CONF_PREPARED);
	send_generation(b, MSG_CONF_COMMIT);
}

void
bed_open(struct bed *b, unsigned number, bool tls, const struct item *items)
{
	unsigned i;

	memset(b, 0, sizeof(*b));
	b->number = number;
	b->tls = tls;
	b->items = items;
	for (i = 0; i < CONNS; i++)
		b->conn[i].fd = -1;
	for (i = 0; i < 2; i++)
		strlcpy(b->status[i], "OPERATIONAL", sizeof(b->status[i]));
	child_start(&b->child, ROLE_NOTIFIER, "kanata-notifier", NULL);
	b->dialer = child_link(&b->child, ROLE_DIALER, 0);
	b->watcher = child_link(&b->child, ROLE_WATCHER, 0);
	b->store = child_link(&b->child, ROLE_STORE, 0);
	configure(b);
	store_says(b, true, true);
	assert_int_equal(message_send(b->watcher,
	    message_new(MSG_HEALTH_BEGIN, 0), -1), 0);
	for (i = 0; i < 2; i++)
		watcher_says(b, i, HEALTH_OK);
	assert_int_equal(message_send(b->watcher,
	    message_new(MSG_HEALTH_END, 0), -1), 0);
}

void
bed_close(struct bed *b)
{
	int status;

	b->ponged = false;
	child_send(&b->child, message_new(MSG_PROC_PING, 1), -1);
	WAIT(b, b->ponged);
	if ((status = child_stop(&b->child)) != 0)
		fail_msg("notifier %u ended with %d", b->number, status);
	page_close(b);
	close(b->dialer);
	if (b->watcher != -1)
		close(b->watcher);
	if (b->store != -1)
		close(b->store);
	b->child.fd = b->dialer = b->watcher = b->store = -1;
}

/* -- all of them ---------------------------------------------------------------- */

/* One message; when the notifier has closed the link, so do we. */
static void
take_one(struct bed *b, int *fd, enum role me,
    void (*on)(struct bed *, struct message *))
{
	static uint8_t buf[MESSAGE_MAX];
	struct message m;
	const char *why = NULL;

	switch (message_recv(*fd, &m, ROLE_NOTIFIER, me, buf, &why)) {
	case 1:
		on(b, &m);
		return;
	case 0:
		if (me != ROLE_PARENT && me != ROLE_DIALER) {
			close(*fd);
			*fd = -1;
			return;
		}
		/* FALLTHROUGH */
	default:
		bed_fail(b, why == NULL ? "alive" : why);
	}
}

void
pump(unsigned ms)
{
	struct pollfd pfd[64 * (4 + CONNS)], *p = pfd;
	struct bed *b;
	unsigned i;

	assert_true(nbed <= 64);
	for (b = beds; b < beds + nbed; b++) {
		*p++ = (struct pollfd){ b->child.fd, POLLIN, 0 };
		*p++ = (struct pollfd){ b->dialer, POLLIN, 0 };
		*p++ = (struct pollfd){ b->watcher, POLLIN, 0 };
		*p++ = (struct pollfd){ b->store, POLLIN, 0 };
		for (i = 0; i < CONNS; i++)
			*p++ = (struct pollfd){ b->conn[i].fd, POLLIN, 0 };
	}
	if (poll(pfd, p - pfd, ms) <= 0)
		return;
	for (p = pfd, b = beds; b < beds + nbed; b++) {
		if (p++->revents != 0)
			take_one(b, &b->child.fd, ROLE_PARENT, on_parent);
		if (p++->revents != 0)
			take_one(b, &b->dialer, ROLE_DIALER, on_dialer);
		if (p++->revents != 0)
			take_one(b, &b->watcher, ROLE_WATCHER, on_watcher);
		if (p++->revents != 0)
			take_one(b, &b->store, ROLE_STORE, on_store);
		for (i = 0; i < CONNS; i++)
			if (p++->revents != 0)
				page_read(b, &b->conn[i]);
	}
}
