/* Configuration rows go out and come back the same; secrets are read whole or not
 * at all. */
#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/conf.h"

/* What conf_take says of the message that was packed last. */
static const char *
take(struct conf *conf, enum role to, struct message_out *out)
{
	static uint8_t buf[MESSAGE_MAX];
	const uint8_t *bytes;
	struct message m;
	size_t len;

	bytes = message_bytes(out, &len);
	memcpy(buf, bytes, len);
	assert_null(message_parse(&m, ROLE_PARENT, to, buf, len, -1));
	return (conf_take(conf, &m));
}

static char api[] = "api", edge[] = "edge", empty[] = "", prod[] = "prod",
    all[] = "*", host[] = "::1", id[] = "cmp";

static void
test_web(void **state)
{
	struct conf_web w = { .host = host, .port = 2934, .tls = true };
	struct conf *conf = conf_new();

	(void)state;
	assert_null(take(conf, ROLE_DIALER, conf_pack_web(&w)));
	assert_string_equal(conf->web->host, "::1");
	assert_int_equal(conf->web->port, 2934);
	assert_true(conf->web->tls);
	assert_false(conf->web->users);
	assert_string_equal(take(conf, ROLE_WEB, conf_pack_web(&w)),
	    "there are two web sections");
	conf_free(conf);
	conf = conf_new();
	w.port = 65536;
	assert_string_equal(take(conf, ROLE_WEB, conf_pack_web(&w)),
	    "a port is out of range");
	conf_free(conf);
}

static void
test_component(void **state)
{
	struct conf_watch watch[] = { { KIND_DEPLOYMENT, prod, api },
	    { KIND_SELECTOR, empty, api } };
	struct conf_component c = { .id = id, .name = api, .cluster = prod,
	    .group = edge, .down_after = 1, .up_after = 2, .reopen_within = 3,
	    .first_ready_within = 4, .rollout = ROLLOUT_QUIET,
	    .partial_below = 60, .escalate_after = 8, .line = 7, .nwatch = 2, .watch = watch };
	struct conf *conf = conf_new();
	struct conf_component *got;

	(void)state;
	assert_null(take(conf, ROLE_WATCHER, conf_pack_component(&c)));
	got = TAILQ_FIRST(&conf->components);
	assert_non_null(got);
	assert_null(TAILQ_NEXT(got, entry));
	assert_string_equal(got->id, "cmp");
	assert_string_equal(got->name, "api");
	assert_string_equal(got->cluster, "prod");
	assert_string_equal(got->group, "edge");
	assert_int_equal(got->down_after, 1);
	assert_int_equal(got->up_after, 2);
	assert_int_equal(got->reopen_within, 3);
	assert_int_equal(got->first_ready_within, 4);
	assert_int_equal(got->rollout, ROLLOUT_QUIET);
	assert_int_equal(got->partial_below, 60);
	assert_int_equal(got->escalate_after, 8);
	assert_int_equal(got->line, 7);
	assert_int_equal(got->nwatch, 2);
	assert_int_equal(got->watch[0].kind, KIND_DEPLOYMENT);
	assert_string_equal(got->watch[0].ns, "prod");
	assert_string_equal(got->watch[1].what, "api");

	c.partial_below = 101;
	assert_string_equal(take(conf, ROLE_WATCHER, conf_pack_component(&c)),
	    "partial_below is out of range");
	c.partial_below = 0;
	c.rollout = 2;
	assert_string_equal(take(conf, ROLE_WATCHER, conf_pack_component(&c)),
	    "rollout is out of range");
	c.rollout = 0;
	c.nwatch = 0;
	assert_string_equal(take(conf, ROLE_WATCHER, conf_pack_component(&c)),
	    "a component watches nothing");
	c.nwatch = 1;
	watch[0].kind = KIND_MAX;
	assert_string_equal(take(conf, ROLE_WATCHER, conf_pack_component(&c)),
	    "a kind is out of range");
	conf_free(conf);
}

static void
test_cluster_endpoint_etcd(void **state)
{
	char *ns[] = { all };
	struct conf_cluster cluster = { .name = prod, .kubeconfig = api,
	    .context = empty, .in_cluster = empty, .path = empty,
	    .tls_name = host, .insecure = true, .plugin = true, .host = host,
	    .port = 8443, .tls = true, .nns = 1, .ns = ns };
	struct conf_endpoint e = { .number = 64, .role = ROLE_WATCHER,
	    .instance = 3, .host = host, .port = 6443, .tls = true };
	struct conf_node node = { host, 2379, false };
	struct conf_etcd etcd = { .user = id, .tls = true, .nnode = 1,
	    .node = &node };
	struct conf *conf = conf_new();
	struct conf_cluster *got;

	(void)state;
	assert_null(take(conf, ROLE_WATCHER, conf_pack_cluster(&cluster)));
	assert_null(take(conf, ROLE_DIALER, conf_pack_endpoint(&e)));
	assert_null(take(conf, ROLE_STORE, conf_pack_etcd(&etcd)));
	got = TAILQ_FIRST(&conf->clusters);
	assert_string_equal(got->name, "prod");
	assert_true(got->insecure);
	assert_true(got->plugin);
	assert_string_equal(got->host, "::1");
	assert_int_equal(got->port, 8443);
	assert_true(got->tls);
	assert_int_equal(got->nns, 1);
	assert_string_equal(got->ns[0], "*");
	assert_string_equal(got->tls_name, "::1");
	assert_int_equal(TAILQ_FIRST(&conf->endpoints)->port, 6443);
	assert_int_equal(TAILQ_FIRST(&conf->endpoints)->instance, 3);
	assert_string_equal(conf->etcd->node[0].host, "::1");
	assert_string_equal(take(conf, ROLE_STORE, conf_pack_etcd(&etcd)),
	    "there are two etcd sections");
	e.port = 65536;
	assert_string_equal(take(conf, ROLE_DIALER, conf_pack_endpoint(&e)),
	    "a port is out of range");
	e.port = 1;
	e.role = ROLE_MAX;
	assert_string_equal(take(conf, ROLE_DIALER, conf_pack_endpoint(&e)),
	    "a role is out of range");
	conf_free(conf);
}

static void
test_text(void **state)
{
	struct conf *conf = conf_new();
	struct conf_watch watch = { .kind = KIND_ANY, .ns = empty, .what = api };
	struct conf_component c = { .id = id, .name = empty, .cluster = empty,
	    .group = empty, .nwatch = 1, .watch = &watch };

	(void)state;
	assert_string_equal(take(conf, ROLE_NOTIFIER,
	    conf_pack_text(id, TEMPLATE_LINE, "x")),
	    "a text is of no component");
	assert_null(take(conf, ROLE_NOTIFIER, conf_pack_component(&c)));
	assert_null(take(conf, ROLE_NOTIFIER,
	    conf_pack_text(id, TEMPLATE_LINE, "{component}\n")));
	assert_null(take(conf, ROLE_NOTIFIER,
	    conf_pack_text("", TEMPLATE_DOWN, "y")));
	assert_string_equal(TAILQ_FIRST(&conf->components)->text[TEMPLATE_LINE],
	    "{component}\n");
	assert_string_equal(conf->text[TEMPLATE_DOWN], "y");
	assert_string_equal(take(conf, ROLE_NOTIFIER,
	    conf_pack_text("", TEMPLATE_MAX, "y")),
	    "a kind of text is out of range");
	conf_free(conf);
}

static void
test_global(void **state)
{
	struct conf_global g = { .instatus_url = api, .webhook = true, .publish = 5,
	    .instance = id, .store_dir = edge, .control_socket = prod,
	    .control_group = empty, .log_json = true, .strict = true,
	    .storm = 5, .group_wait = 10, .replicas = 2,
	    .on_loss = ON_LOSS_HOLD, .rate_per_minute = 60 };
	struct conf *conf = conf_new();

	(void)state;
	assert_null(take(conf, ROLE_NOTIFIER, conf_pack_global(&g)));
	assert_string_equal(conf->global.instatus_url, "api");
	assert_true(conf->global.webhook && conf->global.strict);
	assert_true(conf->global.log_json && !conf->global.log_verbose);
	assert_int_equal(conf->global.publish, 5);
	assert_int_equal(conf->global.on_loss, ON_LOSS_HOLD);
	assert_int_equal(conf->global.rate_per_minute, 60);
	g.rate_per_minute = 0;
	assert_string_equal(take(conf, ROLE_NOTIFIER, conf_pack_global(&g)),
	    "rate_per_minute is 0");
	g.rate_per_minute = 1;
	g.on_loss = 3;
	assert_string_equal(take(conf, ROLE_NOTIFIER, conf_pack_global(&g)),
	    "on_loss is out of range");
	conf_free(conf);
}

/* A file of so many bytes, deleted already; its descriptor. */
static int
file_of(const char *text, size_t len)
{
	FILE *f = tmpfile();
	int fd;

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fflush(f), 0);
	fd = dup(fileno(f));
	fclose(f);
	return (fd);
}

static void
test_secret(void **state)
{
	char *secret, *large;
	size_t len;

	(void)state;
	secret = secret_read(file_of("tok\r\n\n", 6), &len);
	assert_string_equal(secret, "tok");
	assert_int_equal(len, 3);
	freezero(secret, len);
	assert_null(secret_read(file_of("\n", 1), &len));
	assert_int_equal(errno, ENODATA);
	assert_null(secret_read(-1, &len));
	assert_int_equal(errno, EBADF);

	large = calloc(1, SECRET_BYTES_MAX + 1);
	memset(large, 'x', SECRET_BYTES_MAX + 1);
	secret = secret_read(file_of(large, SECRET_BYTES_MAX), &len);
	assert_non_null(secret);
	assert_int_equal(len, SECRET_BYTES_MAX);
	freezero(secret, len);
	assert_null(secret_read(file_of(large, SECRET_BYTES_MAX + 1), &len));
	assert_int_equal(errno, EFBIG);
	free(large);
}

static void
test_kinds(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < KIND_MAX; i++)
		assert_string_not_equal(kind_name(i), "?");
	assert_string_equal(kind_name(KIND_MAX), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_component),
		cmocka_unit_test(test_web),
		cmocka_unit_test(test_cluster_endpoint_etcd),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_global),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_kinds),
	};

	return (cmocka_run_group_tests_name("conf", tests, NULL, NULL));
}
