/*
 * Any bytes as a list or a watch in JSON, cut anywhere: the pieces are the same
 * as those of the whole, and what is decoded keeps the bounds of struct object.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../watcher/facts.h"
#include "../../watcher/splitter.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct sum {
	enum resource	 resource;
	uint64_t	 hash, n;
};

static void
decode(enum resource r, const json_t *root)
{
	struct object	 o;
	const char	*label;

	if (object_decode(&o, r, resource_api_version(resource_info(r)->group),
	    true, root) != NULL)
		return;
	if (o.name[0] == '\0' || strlen(o.name) > OBJECT_NAME_MAX ||
	    strlen(o.ns) > OBJECT_NAMESPACE_MAX ||
	    strlen(o.detail) > OBJECT_DETAIL_MAX ||
	    (o.owner != NULL && strlen(o.owner) > OBJECT_NAME_MAX))
		abort();
	if ((label = object_label("app", &o)) != NULL && strlen(label) > 1 << 22)
		abort();
}

static int
on_piece(const char *text, size_t len, int rest, void *arg)
{
	struct sum	*sum = arg;
	json_error_t	 error;
	json_t		*root, *object;
	size_t		 i;

	if (len > SPLITTER_PIECE_MAX || text[len] != '\0')
		abort();
	sum->hash = sum->hash * 31 + len + rest;
	for (i = 0; i < len; i++)
		sum->hash = sum->hash * 31 + (uint8_t)text[i];
	sum->n++;
	if ((root = json_loadb(text, len, 0, &error)) != NULL) {
		object = json_object_get(root, "object");
		decode(sum->resource, object != NULL ? object : root);
		json_decref(root);
	}
	return (sum->n == 1000 ? -1 : 0);
}

static const char *
run(enum split_mode mode, enum resource r, const uint8_t *data, size_t size,
    size_t chunk, struct sum *sum)
{
	const struct resource_info *info = resource_info(r);
	struct splitter	*sp = splitter_new(mode, mode == SPLIT_LIST ?
	    info->drop_item : info->drop_event, on_piece, sum);
	const char	*why;
	char		*copy;
	size_t		 at, n;

	sum->resource = r;
	sum->hash = sum->n = 0;
	for (at = 0; at < size; at += n) {
		n = size - at < chunk ? size - at : chunk;
		/* So that the sanitizer sees the end. */
		if ((copy = malloc(n)) == NULL)
			abort();
		memcpy(copy, data + at, n);
		if (splitter_feed(sp, copy, n) == -1)
			at = size - n;
		free(copy);
	}
	why = splitter_finish(sp);
	splitter_free(sp);
	return (why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum	 whole, cut;
	enum split_mode	 mode;
	enum resource	 r;
	const char	*a, *b;
	size_t		 chunk;

	if (size < 3)
		return (0);
	mode = data[0] % 2 == 0 ? SPLIT_LIST : SPLIT_EVENTS;
	chunk = data[1] % 64 + 1;
	r = data[2] % RESOURCE_MAX;
	data += 3;
	size -= 3;
	a = run(mode, r, data, size, size + 1, &whole);
	b = run(mode, r, data, size, chunk, &cut);
	/* Why is a static text. */
	if (a != b || whole.n != cut.n || whole.hash != cut.hash)
		abort();
	return (0);
}
