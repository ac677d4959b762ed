/*
 * Any bytes as a list or a watch in JSON, cut anywhere: the pieces are the same
 * as those of the whole, and what is decoded keeps the bounds of struct object.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../watcher/facts.h"
#include "../../watcher/splitter.h"
#include "pieces.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct outcome {
	enum resource	 resource;
	struct sum	 sum;
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
	struct outcome	*out = arg;
	json_error_t	 error;
	json_t		*root, *object;

	if (len > SPLITTER_PIECE_MAX || text[len] != '\0')
		abort();
	if ((root = json_loadb(text, len, 0, &error)) != NULL) {
		object = json_object_get(root, "object");
		decode(out->resource, object != NULL ? object : root);
		json_decref(root);
	}
	return (sum_add(&out->sum, rest, text, len));
}

static int
feed(void *sp, const char *p, size_t len)
{
	return (splitter_feed(sp, p, len));
}

static const char *
run(enum split_mode mode, const uint8_t *data, size_t size, size_t chunk,
    struct outcome *out)
{
	const struct resource_info *info = resource_info(out->resource);
	struct splitter	*sp = splitter_new(mode, mode == SPLIT_LIST ?
	    info->drop_item : info->drop_event, on_piece, out);
	const char	*why;

	memset(&out->sum, 0, sizeof(out->sum));
	pieces_feed(data, size, chunk, feed, sp);
	why = splitter_finish(sp);
	splitter_free(sp);
	return (why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome	 whole, cut;
	enum split_mode	 mode;
	const char	*a, *b;
	size_t		 chunk;

	if (size < 3)
		return (0);
	mode = data[0] % 2 == 0 ? SPLIT_LIST : SPLIT_EVENTS;
	chunk = data[1] % 64 + 1;
	whole.resource = cut.resource = data[2] % RESOURCE_MAX;
	data += 3;
	size -= 3;
	a = run(mode, data, size, size + 1, &whole);
	b = run(mode, data, size, chunk, &cut);
	/* Why is a static text. */
	if (a != b || whole.sum.n != cut.sum.n ||
	    whole.sum.hash != cut.sum.hash)
		abort();
	return (0);
}
