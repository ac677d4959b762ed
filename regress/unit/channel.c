/* Channels: descriptors travel, order is kept, bounds hold, and a peer that breaks
 * the protocol is given up without a word more being dispatched. */
#include <sys/socket.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/channel.h"
#include "../../common/datagram.h"

struct side {
	struct channel	*channel;
	unsigned	 received;
	uint64_t	 last;
	int		 fd;
	int		 gone;		/* -1, or enum channel_end */
	char		 why[64];
};

static struct event_base *base;
static struct side notifier, store;

static const char *
dispatch(struct channel *c, struct message *m, void *arg)
{
	struct side *side = arg;

	side->received++;
	side->last = m->id;
	if (m->fd != -1)
		side->fd = message_take_fd(m);
	if (m->id >= 777) {
		channel_free(c);
		side->channel = NULL;
	}
	if (m->id == 778)
		return ("freed, and broken as well");
	return (m->id == 666 ? "the handler refuses it" : NULL);
}

static void
gone(struct channel *c, enum channel_end end, const char *why, void *arg)
{
	struct side *side = arg;

	(void)c;
	assert_int_equal(side->gone, -1);
	side->gone = end;
	snprintf(side->why, sizeof(side->why), "%s", why);
}

static int
setup(void **state)
{
	int fd[2];

	(void)state;
	memset(&notifier, 0, sizeof(notifier));
	memset(&store, 0, sizeof(store));
	notifier.fd = store.fd = notifier.gone = store.gone = -1;
	base = event_base_new();
	channel_pair(fd);
	notifier.channel = channel_new(base, fd[0], ROLE_NOTIFIER, ROLE_STORE,
	    dispatch, gone, &notifier);
	store.channel = channel_new(base, fd[1], ROLE_STORE, ROLE_NOTIFIER,
	    dispatch, gone, &store);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	channel_free(notifier.channel);
	channel_free(store.channel);
	event_base_free(base);
	return (0);
}

/* The loop has done all that can be done now. */
static void
settle(void)
{
	int i;

	for (i = 0; i < 1000; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
put(struct channel *c, uint32_t id, size_t size)
{
	static uint8_t value[32768];
	struct message_out *out = message_new(MSG_STORE_PUT, id);

	message_put_s(out, "k");
	message_put_x(out, value, size);
	channel_send(c, out, -1);
}

static void
test_order_through_the_queue(void **state)
{
	uint32_t i;

	(void)state;
	/* More than the socket holds, less than the queue. */
	for (i = 1; i <= 200; i++)
		put(notifier.channel, i, 32000);
	assert_true(channel_pending(notifier.channel) > 0);
	settle();
	assert_int_equal(channel_pending(notifier.channel), 0);
	assert_int_equal(store.received, 200);
	assert_int_equal(store.last, 200);
	assert_int_equal(notifier.gone, -1);
}

static void
test_peer_that_does_not_read_is_hung(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 1; i <= 400; i++)
		put(notifier.channel, i, 32000);
	assert_int_equal(notifier.gone, -1);	/* never from within send */
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(notifier.gone, CHANNEL_HUNG);
}

static void
test_descriptor_travels(void **state)
{
	int fd[2], dialer[2];
	struct message_out *out;
	struct channel *c;
	char byte = 0;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	channel_pair(dialer);
	c = channel_new(base, dialer[0], ROLE_STORE, ROLE_DIALER, dispatch,
	    gone, &store);
	out = message_new(MSG_DIAL_CONNECTED, 5);
	message_put_u(out, 16);
	{
		size_t len;
		const uint8_t *bytes = message_bytes(out, &len);

		assert_int_equal(datagram_send(dialer[1], bytes, len, fd[1]), 1);
	}
	settle();
	assert_int_equal(store.received, 1);
	assert_int_not_equal(store.fd, -1);
	assert_true(fcntl(store.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(store.fd, "x", 1), 1);
	assert_int_equal(read(fd[0], &byte, 1), 1);
	assert_int_equal(byte, 'x');
	close(store.fd);
	close(fd[0]);
	close(fd[1]);
	close(dialer[1]);
	channel_free(c);
}

static void
test_nonsense_ends_it(void **state)
{
	int fd[2];
	struct channel *c;

	(void)state;
	channel_pair(fd);
	c = channel_new(base, fd[0], ROLE_STORE, ROLE_NOTIFIER, dispatch, gone,
	    &store);
	assert_int_equal(send(fd[1], "\xdd\x0f\xff\xff\xff", 5, 0), 5);
	settle();
	assert_int_equal(store.gone, CHANNEL_BROKEN);
	assert_string_equal(store.why, "it is no array");
	assert_int_equal(store.received, 0);
	close(fd[1]);
	channel_free(c);
}

static void
test_handler_that_refuses_ends_it(void **state)
{
	(void)state;
	put(notifier.channel, 666, 1);
	put(notifier.channel, 1, 1);
	settle();
	assert_int_equal(store.gone, CHANNEL_BROKEN);
	assert_string_equal(store.why, "the handler refuses it");
	assert_int_equal(store.received, 1);
}

static void
test_once_is_once(void **state)
{
	struct message_out *out;
	const uint8_t *bytes;
	struct channel *c;
	int fd[2], i;
	size_t len;

	(void)state;
	channel_pair(fd);
	c = channel_new(base, fd[0], ROLE_PARENT, ROLE_STORE, dispatch, gone,
	    &store);
	for (i = 0; i < 2; i++) {
		out = message_new(MSG_PROC_READY, 0);
		message_put_u(out, 7);
		bytes = message_bytes(out, &len);
		assert_int_equal(datagram_send(fd[1], bytes, len, -1), 1);
	}
	settle();
	assert_int_equal(store.received, 1);
	assert_int_equal(store.gone, CHANNEL_BROKEN);
	assert_string_equal(store.why, "it came twice");
	close(fd[1]);
	channel_free(c);
}

static void
test_peer_that_is_gone(void **state)
{
	(void)state;
	put(notifier.channel, 1, 1);
	put(notifier.channel, 2, 1);
	channel_free(notifier.channel);
	notifier.channel = NULL;
	settle();
	assert_int_equal(store.received, 2);	/* what it said last counts */
	assert_int_equal(store.gone, CHANNEL_CLOSED);
}

static void
test_drain_takes_what_the_dead_left(void **state)
{
	(void)state;
	put(notifier.channel, 1, 1);
	put(notifier.channel, 2, 1);
	channel_drain(store.channel);
	assert_int_equal(store.received, 2);
	assert_int_equal(store.gone, -1);
}

/* What follows in it is nobody's, as are complaints about it. */
static void
test_freed_by_its_handler(void **state)
{
	unsigned id;
	int drain, fd[2];

	(void)state;
	for (id = 777; id <= 778; id++)
		for (drain = 0; drain < 2; drain++) {
			channel_free(store.channel);
			channel_free(notifier.channel);
			channel_pair(fd);
			notifier.channel = channel_new(base, fd[0],
			    ROLE_NOTIFIER, ROLE_STORE, dispatch, gone,
			    &notifier);
			store.channel = channel_new(base, fd[1], ROLE_STORE,
			    ROLE_NOTIFIER, dispatch, gone, &store);
			put(notifier.channel, id, 1);
			put(notifier.channel, 1, 1);
			store.received = 0;
			if (drain)
				channel_drain(store.channel);
			settle();
			assert_int_equal(store.received, 1);
			assert_null(store.channel);
			assert_int_equal(store.gone, -1);
			assert_int_equal(notifier.gone, CHANNEL_CLOSED);
			notifier.gone = -1;
		}
}

static void
test_two_descriptors_are_refused(void **state)
{
	union { struct cmsghdr h; char b[CMSG_SPACE(2 * sizeof(int))]; } control;
	struct message_out *out = message_new(MSG_DIAL_CONNECTED, 5);
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fd[2], two[2] = { 0, 0 };
	struct channel *c;
	size_t len;

	(void)state;
	channel_pair(fd);
	c = channel_new(base, fd[0], ROLE_STORE, ROLE_DIALER, dispatch, gone,
	    &store);
	message_put_u(out, 16);
	iov.iov_base = (void *)(uintptr_t)message_bytes(out, &len);
	iov.iov_len = len;
	memset(&control, 0, sizeof(control));
	msg.msg_control = control.b;
	msg.msg_controllen = sizeof(control.b);
	control.h.cmsg_level = SOL_SOCKET;
	control.h.cmsg_type = SCM_RIGHTS;
	control.h.cmsg_len = CMSG_LEN(sizeof(two));
	memcpy(CMSG_DATA(&control.h), two, sizeof(two));
	assert_int_equal(sendmsg(fd[1], &msg, 0), (ssize_t)len);
	settle();
	assert_int_equal(store.received, 0);
	assert_int_equal(store.gone, CHANNEL_BROKEN);
	assert_string_equal(store.why, "more than one descriptor came along");
	close(fd[1]);
	channel_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(test_order_through_the_queue),
		T(test_peer_that_does_not_read_is_hung),
		T(test_descriptor_travels),
		T(test_nonsense_ends_it),
		T(test_handler_that_refuses_ends_it),
		T(test_once_is_once),
		T(test_peer_that_is_gone),
		T(test_drain_takes_what_the_dead_left),
		T(test_freed_by_its_handler),
		T(test_two_descriptors_are_refused),
	};

	return (cmocka_run_group_tests_name("channel", tests, NULL, NULL));
}
