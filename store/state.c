#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/xmalloc.h"
#include "state.h"

#define HISTORY	"history/"

static int
item_compare(const struct item *a, const struct item *b)
{
	return (strcmp(a->key, b->key));
}

#define LOCAL	static __attribute__((unused))
RB_PROTOTYPE_INTERNAL(item_tree, item, node, item_compare, LOCAL)
RB_GENERATE_INTERNAL(item_tree, item, node, item_compare, LOCAL)

struct value *
value_new(const void *data, size_t len)
{
	struct value *v;

	if ((v = malloc(sizeof(*v) + len)) == NULL)
		fatal("malloc");
	v->refs = 1;
	v->len = len;
	if (len > 0)
		memcpy(v->data, data, len);
	return (v);
}

struct value *
value_ref(struct value *v)
{
	if (v != NULL)
		v->refs++;
	return (v);
}

void
value_free(struct value *v)
{
	if (v != NULL && --v->refs == 0)
		free(v);
}

bool
value_same(const struct value *a, const struct value *b)
{
	if (a == NULL || b == NULL)
		return (a == b);
	return (a->len == b->len && memcmp(a->data, b->data, a->len) == 0);
}

void
state_init(struct state *state)
{
	memset(state, 0, sizeof(*state));
	RB_INIT(&state->items);
	state->max = STATE_BYTES_MAX;
}

void
state_clear(struct state *state)
{
	struct item *item, *next;

	for (item = state_first(state); item != NULL; item = next) {
		next = state_next(item);
		state_remove(state, item);
	}
}

const char *
state_key_refused(const char *key)
{
	const unsigned char *p;

	if (*key == '\0')
		return ("the key is empty");
	if (strlen(key) > STATE_KEY_MAX)
		return ("the key is longer than 255 bytes");
	if (strstr(key, "..") != NULL)
		return ("the key has two dots in a row");
	if (*key == '/' || key[strlen(key) - 1] == '/' ||
	    strstr(key, "//") != NULL)
		return ("the key has an empty part");
	for (p = (const unsigned char *)key; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f)
			return ("the key has a blank or control character");
	return (NULL);
}

/* All bytes with such a value. */
static size_t
bytes_with(const struct state *state, const char *key, size_t len)
{
	const struct item *item = state_find(state, key);
	size_t bytes = state->bytes + len;

	if (item == NULL)
		bytes += strlen(key);
	else if (item->wanted != NULL)
		bytes -= item->wanted->len;
	return (bytes);
}

const char *
state_no_room(const struct state *state, const char *key, size_t len)
{
	if (len > STATE_VALUE_MAX)
		return ("the value is larger than 32 KiB");
	if (bytes_with(state, key, len) > state->max)
		return (state->max == STATE_BYTES_MAX ?
		    "the state is full: more than 4 MiB in all" :
		    "it is full: more than 6 MiB in all");
	if (state->count >= STATE_ITEMS_MAX && state_find(state, key) == NULL)
		return ("the state is full: more than 32768 keys");
	return (NULL);
}

bool
shared_is_history(const char *key)
{
	return (strncmp(key, HISTORY, strlen(HISTORY)) == 0);
}

const char *
shared_no_room(const struct state *state, const char *key, size_t len)
{
	static bool said;

	if (!shared_is_history(key))
		return (state_no_room(state, key, len));
	if (bytes_with(state, key, len) <= SHARED_HISTORY_BYTES &&
	    (state->count < SHARED_HISTORY_ITEMS ||
	    state_find(state, key) != NULL))
		return (state_no_room(state, key, len));
	if (!said)
		log_warnx("the history is full (4 MiB or 24576 keys): what does "
		    "not fit is kept in memory, until older days end");
	said = true;
	return ("the history is full");
}

struct item *
state_find(const struct state *state, const char *key)
{
	struct item *item = RB_ROOT(&state->items);
	int order;

	while (item != NULL && (order = strcmp(key, item->key)) != 0)
		item = order < 0 ? RB_LEFT(item, node) : RB_RIGHT(item, node);
	return (item);
}

struct item *
state_need(struct state *state, const char *key)
{
	struct item *item;

	if ((item = state_find(state, key)) != NULL)
		return (item);
	item = xcalloc(1, sizeof(*item));
	item->key = xstrdup(key);
	RB_INSERT(item_tree, &state->items, item);
	state->bytes += strlen(key);
	state->count++;
	return (item);
}

void
state_want(struct state *state, struct item *item, struct value *value)
{
	if (item->wanted != NULL)
		state->bytes -= item->wanted->len;
	if (value != NULL)
		state->bytes += value->len;
	value_free(item->wanted);
	item->wanted = value;
	item->version++;
}

void
state_remove(struct state *state, struct item *item)
{
	state_want(state, item, NULL);
	RB_REMOVE(item_tree, &state->items, item);
	state->bytes -= strlen(item->key);
	state->count--;
	value_free(item->promised);
	value_free(item->stored);
	free(item->key);
	free(item);
}

struct item *
state_first(const struct state *state)
{
	struct item *item = RB_ROOT(&state->items);

	while (item != NULL && RB_LEFT(item, node) != NULL)
		item = RB_LEFT(item, node);
	return (item);
}

struct item *
state_next(struct item *item)
{
	return (RB_NEXT(item_tree, NULL, item));
}
