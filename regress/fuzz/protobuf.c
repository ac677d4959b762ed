/*
 * Any bytes as one object of any kind, in protobuf: refused, or one that keeps
 * the bounds of struct object.  The first byte says which kind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../watcher/wire.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_text(const char *s, size_t max)
{
	if (s != NULL && strlen(s) > max)
		abort();
}

static void
check(const struct object *o)
{
	const char	*label;

	if (o->name[0] == '\0' || (o->resource != RESOURCE_NAMESPACES &&
	    o->ns[0] == '\0'))
		abort();
	check_text(o->name, OBJECT_NAME_MAX);
	check_text(o->ns, OBJECT_NAMESPACE_MAX);
	check_text(o->owner, OBJECT_NAME_MAX);
	check_text(o->version, OBJECT_NAME_MAX);
	check_text(o->revision, OBJECT_NAME_MAX);
	check_text(o->update_revision, OBJECT_NAME_MAX);
	check_text(o->detail, OBJECT_DETAIL_MAX);
	if (o->pod.ready && (o->pod.failed || o->pod.succeeded))
		abort();
	if ((label = object_label("app", o)) != NULL)
		check_text(label, OBJECT_LABEL_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envelope	 e;
	struct object	 o;
	enum resource	 r;

	if (size == 0)
		return (0);
	r = data[0] % RESOURCE_MAX;
	data++;
	size--;
	if (object_decode_wire(&o, r, data, size) == NULL)
		check(&o);
	if (envelope_open(&e, data, size) == NULL &&
	    object_decode_wire(&o, r, e.raw.p, e.raw.len) == NULL)
		check(&o);
	return (0);
}
