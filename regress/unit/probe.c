/* /healthz and /readyz, with a clock that is set by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../web/mirror.h"
#include "../../web/route.h"
#include "../../web/web.h"

struct mirror	 mirror;

static uint64_t	 now = 1000000;		/* ms */
static int	 code;
static char	 body[1024];

uint64_t
clock_ticks(void)
{
	return (now);
}

void
request_reply_buffer(struct request *req, int status, const char *type,
    struct evbuffer *buf)
{
	ev_ssize_t n = evbuffer_remove(buf, body, sizeof(body) - 1);

	assert_null(req);
	assert_string_equal(type, "text/plain; charset=utf-8");
	assert_true(n >= 0);
	body[n] = '\0';
	code = status;
}

static void
ask(const char *path)
{
	const struct route *r = probe_routes;

	while (strcmp(r->path, path) != 0)
		r++;
	r->answer(NULL);
}

#define EXPECT(path, status, text)				\
	do {							\
		ask(path);					\
		assert_string_equal(body, text);		\
		assert_int_equal(code, status);			\
	} while (0)

static int
setup(void **state)
{
	(void)state;
	memset(&mirror, 0, sizeof(mirror));
	STAILQ_INIT(&mirror.workers);
	mirror.heard = now;
	mirror.notifier = true;
	mirror.metrics[METRIC_STORE_REACHABLE] = 1;
	mirror.metrics[METRIC_STANDBY] = 1;
	probe_init();
	return (0);
}

/* Away for longer than it can take to start it again: it is dead for good. */
static void
test_worker_away(void **state)
{
	static char name[] = "notifier", word[] = "starting";
	struct worker_row row = { .name = name, .state = word };

	(void)state;
	STAILQ_INSERT_TAIL(&mirror.workers, &row, entry);
	EXPECT("/healthz", 200, "ok\n");
	EXPECT("/readyz", 200, "ok\n");
	row.away = now;
	EXPECT("/healthz", 200, "ok\n");
	EXPECT("/readyz", 503, "notifier: starting\n");
	mirror.heard = now += 119999;
	EXPECT("/healthz", 200, "ok\n");
	mirror.heard = now += 1;
	EXPECT("/healthz", 503, "notifier: starting\n");
	row.away = 0;
	EXPECT("/healthz", 200, "ok\n");
}

/* The parent is dead, stopped or hangs. */
static void
test_parent_silent(void **state)
{
	(void)state;
	now += 20000;
	EXPECT("/healthz", 200, "ok\n");
	now += 1;
	EXPECT("/healthz", 503, "kanatad: nothing heard of it for 20 s\n");
	EXPECT("/readyz", 503, "kanatad: nothing heard of it for 20 s\n");
	mirror.heard = now;
	EXPECT("/healthz", 200, "ok\n");
	/* Never heard of: since the start. */
	mirror.heard = 0;
	EXPECT("/healthz", 503, "kanatad: nothing heard of it for 20 s\n");
	probe_init();
	EXPECT("/healthz", 200, "ok\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_worker_away, setup),
		cmocka_unit_test_setup(test_parent_silent, setup),
	};

	return (cmocka_run_group_tests_name("probe", tests, NULL, NULL));
}
