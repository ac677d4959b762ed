/*
 * Any records as what the store remembers, "key value" a line: refused, or the
 * notifier goes on with them, and what it then writes it would take again.  A
 * database or etcd holds any bytes: in a value \001 is a line feed, \002 a NUL.
 */
#include <jansson.h>

#include "../../notifier/history.h"
#include "../../notifier/incident.h"
#include "text.h"

#define NOW	1796000000000ULL

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
configure(struct incidents *core)
{
	static char	 empty[] = "", pod[] = "p", id[2][4] = { "c0", "c1" };
	struct conf_watch watch = { KIND_POD, empty, pod };
	struct conf_component c[2];
	struct incidents_options options = { .webhook = true, .storm = 5,
	    .group_wait = 1000 };
	struct conf	 conf = { .ncomponent = 2 };
	unsigned	 i;

	TAILQ_INIT(&conf.components);
	TAILQ_INIT(&conf.clusters);
	TAILQ_INIT(&conf.endpoints);
	memset(c, 0, sizeof(c));
	for (i = 0; i < 2; i++) {
		c[i].id = id[i];
		c[i].name = c[i].cluster = c[i].group = empty;
		c[i].down_after = c[i].up_after = 1000;
		c[i].reopen_within = 60000;
		c[i].nwatch = 1;
		c[i].watch = &watch;
		TAILQ_INSERT_TAIL(&conf.components, &c[i], entry);
	}
	incidents_configure(core, &conf, &options, NOW);
}

static void
check_record(const struct operation *op)
{
	struct incidents *other = incidents_new();

	if (incidents_restore(other, op->key, op->value, op->value_len) == -1)
		abort();
	incidents_free(other);
}

/* Goes on with what was restored; some of what it does fails. */
static void
live(struct incidents *core, unsigned luck)
{
	struct health_report r = { .component = "c0", .health = HEALTH_MAJOR,
	    .detail = "" };
	enum operation_result result;
	struct operation op;
	uint64_t now = NOW;
	unsigned i;

	incidents_page_begin(core);
	incidents_page_component(core, "p", "c0", "Zero", PAGE_MAJOR);
	incidents_page_component(core, "p", "c1", "One", PAGE_OPERATIONAL);
	incidents_page_end(core);
	incidents_health(core, &r, now);
	r.component = "c1";
	r.health = HEALTH_OK;
	incidents_health(core, &r, now);
	for (i = 0; i < 200; i++, luck = luck * 1103515245 + 12345) {
		incidents_next(core, now, true, &op);
		if (op.type == OP_NONE) {
			if (incidents_wake(core) == UINT64_MAX)
				break;
			now = incidents_wake(core) > now + 1 ?
			    incidents_wake(core) : now + 1;
			continue;
		}
		if (op.type == OP_STORE_PUT)
			check_record(&op);
		result = op.type == OP_STORE_PUT || op.type == OP_STORE_DELETE ||
		    luck % 4 != 0 ? OP_DONE : luck / 4 % (OP_REFUSED + 1);
		if (incidents_done(core, op.id, result, op.type == OP_CREATE ||
		    op.type == OP_FIND ? "new" : NULL, 1000, now) == -1)
			abort();
		if (i == 100) {
			r.component = "c0";
			incidents_health(core, &r, now);
		}
	}
}

/* Returns its length. */
static size_t
any_bytes(char *value)
{
	size_t len = strlen(value), i;

	for (i = 0; i < len; i++)
		if (value[i] == '\001' || value[i] == '\002')
			value[i] = value[i] == '\001' ? '\n' : '\0';
	return (len);
}

static void
ignore_days(const struct history_days *d, void *arg)
{
	(void)d;
	(void)arg;
}

/* The history goes on with them, and what it writes it would take again. */
static void
go_on(struct annals *history)
{
	struct annals	*other = history_new();
	struct incident_event event = { .kind = HISTORY_PAGE, .component = "c0",
	    .name = "Zero", .incident = "", .to = PAGE_MAJOR, .text = "" };
	char		*key, *value;

	history_add(history, &event, NOW);
	event.kind = HISTORY_SILENCE;
	history_add(history, &event, NOW + 100000000);
	history_day(history, NOW + 200000000);
	history_each_days(history, NOW + 300000000, ignore_days, NULL);
	while (history_next(history, &key, &value)) {
		if (value != NULL && history_restore(other, key, value,
		    strlen(value)) == -1)
			abort();
		free(key);
		free(value);
	}
	history_free(other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct annals *history = history_new();
	struct incidents *core = incidents_new();
	char *all = text_of(data, size), *line, *value, *next = all;
	unsigned luck = (unsigned)size;
	size_t len;

	json_object_seed(1);
	configure(core);
	while ((line = strsep(&next, "\n")) != NULL) {
		if ((value = strchr(line, ' ')) == NULL)
			continue;
		*value++ = '\0';
		len = any_bytes(value);
		if (strncmp(line, ORDER_PREFIX, strlen(ORDER_PREFIX)) == 0)
			incidents_order_record(core, line, value, len);
		else if (strncmp(line, HISTORY_PREFIX,
		    strlen(HISTORY_PREFIX)) == 0)
			history_restore(history, line, value, len);
		else
			incidents_restore(core, line, value, len);
	}
	go_on(history);
	history_free(history);
	live(core, luck);
	incidents_forget(core);
	incidents_free(core);
	free(all);
	return (0);
}
