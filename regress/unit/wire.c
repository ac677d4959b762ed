/*
 * Protobuf: it means what JSON means, by captures of a real API server
 * (regress/unit/captures, or the folder that KANATA_CAPTURES names), and what is
 * none is refused, by hand-made bytes.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../watcher/frame.h"
#include "../../watcher/splitter.h"
#include "../../watcher/wire.h"

#define OBJECTS_MAX	64

/* -- captures ------------------------------------------------------------------- */

static char		 file[1 << 20];
static size_t		 file_len;
static json_t		*json[OBJECTS_MAX];
static unsigned		 njson, nwire;
static enum resource	 resource;
static const char	*api;

static void
load(const char *what, const char *ending)
{
	const char *folder = getenv("KANATA_CAPTURES");
	char path[512];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s.%s.%s", folder != NULL ? folder :
	    "regress/unit/captures", resource_info(resource)->name, what,
	    ending);
	if ((fp = fopen(path, "rb")) == NULL)
		fail_msg("%s cannot be read", path);
	file_len = fread(file, 1, sizeof(file), fp);
	assert_true(file_len > 0 && file_len < sizeof(file));
	fclose(fp);
}

static int
json_piece(const char *text, size_t len, int rest, void *arg)
{
	json_error_t error;
	json_t *root;

	(void)arg;
	if (rest)
		return (0);
	assert_true(njson < OBJECTS_MAX);
	root = json_loadb(text, len, 0, &error);
	assert_non_null(root);
	json[njson] = root;
	if (json_object_get(root, "type") != NULL) {
		json[njson] = json_incref(json_object_get(root, "object"));
		json_decref(root);
	}
	njson++;
	return (0);
}

static void
same_text(const char *a, const char *b)
{
	assert_true((a == NULL) == (b == NULL));
	if (a != NULL)
		assert_string_equal(a, b);
}

static void
same_workload(const struct workload_state *a, const struct workload_state *b)
{
#define SAME(m)	assert_true(a->m == b->m)
	SAME(kind); SAME(found); SAME(paused); SAME(counted); SAME(rolling);
	SAME(deadline); SAME(has_deadline); SAME(completed);
	SAME(replica_failure); SAME(desired); SAME(minimum); SAME(min_ready);
	SAME(created); SAME(unavailable_since); SAME(progress_since);
	SAME(suspended); SAME(complete); SAME(failed); SAME(finished);
}

static void
same_object(const struct object *a, const struct object *b)
{
	same_text(a->name, b->name);
	same_text(a->ns, b->ns);
	same_text(a->version, b->version);
	assert_true(a->version[0] != '\0');
	SAME(uid); SAME(paused); SAME(owner_kind); SAME(owner_uid);
	same_text(a->owner, b->owner);
	same_text(a->template_hash, b->template_hash);
	same_text(a->revision, b->revision);
	same_text(a->detail, b->detail);
	SAME(revision_number);
	same_text(a->update_revision, b->update_revision);
	SAME(pod.ready); SAME(pod.was_ready); SAME(pod.terminating);
	SAME(pod.succeeded); SAME(pod.failed); SAME(pod.cause);
	SAME(pod.ready_since); SAME(pod.created);
	same_workload(&a->workload, &b->workload);
#undef SAME
}

static void
same_labels(const struct object *o, const json_t *root)
{
	const char *key;
	json_t *labels, *v;

	labels = json_object_get(json_object_get(root, "metadata"), "labels");
	json_object_foreach(labels, key, v)
		assert_string_equal(object_label(key, o), json_string_value(v));
	assert_null(object_label("no-such-label", o));
	assert_null(object_label("ap", o));
}

/* With the JSON of that name: a watch begins in no particular order. */
static void
compare(const void *p, size_t len)
{
	struct object a, b;
	unsigned i;

	assert_null(object_decode_wire(&b, resource, p, len));
	for (i = 0; i < njson; i++) {
		assert_null(object_decode(&a, resource, api, true, json[i]));
		if (strcmp(a.name, b.name) == 0)
			break;
	}
	if (i == njson)
		fail_msg("%s is not in the JSON", b.name);
	same_object(&a, &b);
	if (resource == RESOURCE_PODS)
		same_labels(&b, json[i]);
	nwire++;
}

static void
compare_event(const void *p, size_t len)
{
	struct wire event, extension;
	struct wire_field f, raw;
	struct envelope e;

	wire_open(&event, p, len);
	assert_int_equal(wire_next(&event, &f), 1);
	assert_true(text_is(f.bytes, "ADDED"));
	assert_int_equal(wire_next(&event, &f), 1);
	wire_open(&extension, f.bytes.p, f.bytes.len);
	assert_int_equal(wire_next(&extension, &raw), 1);
	assert_null(envelope_open(&e, raw.bytes.p, raw.bytes.len));
	assert_true(text_is(e.kind, resource_info(resource)->object));
	assert_true(text_is(e.api_version, api));
	compare(e.raw.p, e.raw.len);
}

static int
wire_piece(enum frame_piece piece, const void *p, size_t len, void *arg)
{
	struct envelope e = { 0 };

	(void)arg;
	if (piece == FRAME_ITEM)
		compare(p, len);
	else if (piece == FRAME_EVENT)
		compare_event(p, len);
	else if (piece == FRAME_TYPE) {
		assert_true(envelope_type(&e, (struct text){ p, len }));
		assert_true(text_is(e.kind, resource_info(resource)->list));
	}
	return (0);
}

static void
test_captures(const char *what, enum split_mode split, enum frame_mode mode)
{
	struct splitter *sp;
	struct frame *fr;
	size_t at, n;

	for (resource = 0; resource < RESOURCE_MAX; resource++) {
		api = resource == RESOURCE_CRONJOBS ? "batch/v1beta1" :
		    resource_api_version(resource_info(resource)->group);
		njson = nwire = 0;
		load(what, "json");
		sp = splitter_new(split, NULL, json_piece, NULL);
		assert_int_equal(splitter_feed(sp, file, file_len), 0);
		splitter_free(sp);
		assert_true(njson > 0);
		load(what, "pb");
		fr = frame_new(mode, wire_piece, NULL);
		for (at = 0; at < file_len; at += n) {
			n = file_len - at < 1009 ? file_len - at : 1009;
			assert_int_equal(frame_feed(fr, file + at, n), 0);
		}
		assert_null(frame_finish(fr));
		frame_free(fr);
		assert_int_equal(nwire, njson);
		while (njson > 0)
			json_decref(json[--njson]);
	}
}

static void
test_lists(void **state)
{
	(void)state;
	test_captures("list", SPLIT_LIST, FRAME_LIST);
}

static void
test_watches(void **state)
{
	(void)state;
	test_captures("watch", SPLIT_EVENTS, FRAME_EVENTS);
}

/* A pod that is cut off anywhere is refused or has less in it, and no more. */
static int
cut_piece(enum frame_piece piece, const void *p, size_t len, void *arg)
{
	struct object o;
	char *copy;
	size_t n;

	(void)arg;
	if (piece != FRAME_ITEM)
		return (0);
	for (n = 0; n < len; n++) {
		/* So that the sanitizer sees the end. */
		copy = malloc(n + 1);
		memcpy(copy, p, n);
		object_decode_wire(&o, RESOURCE_PODS, copy, n);
		free(copy);
	}
	nwire++;
	return (0);
}

static void
test_cut_anywhere(void **state)
{
	struct frame *fr;

	(void)state;
	resource = RESOURCE_PODS;
	nwire = 0;
	load("list", "pb");
	fr = frame_new(FRAME_LIST, cut_piece, NULL);
	assert_int_equal(frame_feed(fr, file, file_len), 0);
	frame_free(fr);
	assert_true(nwire > 0);
}

/* -- hand-made ------------------------------------------------------------------ */

static char	 out[1 << 18];
static size_t	 out_len;

static void
put(const void *p, size_t len)
{
	assert_true(out_len + len <= sizeof(out));
	memcpy(out + out_len, p, len);
	out_len += len;
}

static void
put_varint(uint64_t n)
{
	char c;

	for (; n > 127; n >>= 7) {
		c = (char)(n | 0x80);
		put(&c, 1);
	}
	c = (char)n;
	put(&c, 1);
}

static void
put_number(unsigned field, uint64_t n)
{
	put_varint(field << 3);
	put_varint(n);
}

static void
put_bytes(unsigned field, const void *p, size_t len)
{
	put_varint(field << 3 | 2);
	put_varint(len);
	put(p, len);
}

static void
put_text(unsigned field, const char *s)
{
	put_bytes(field, s, strlen(s));
}

/* What was put becomes one field. */
static void
wrap(unsigned field)
{
	static char inner[sizeof(out)];
	size_t len = out_len;

	memcpy(inner, out, len);
	out_len = 0;
	put_bytes(field, inner, len);
}

static const char *
decode(struct object *o, enum resource r)
{
	return (object_decode_wire(o, r, out, out_len));
}

/* A pod with that name, and nothing else so far. */
static void
pod_named(const char *name, const char *ns)
{
	out_len = 0;
	put_text(1, name);
	put_text(3, ns);
	wrap(1);
}

static void
test_names(void **state)
{
	struct object o;
	char name[300];

	(void)state;
	out_len = 0;
	assert_string_equal(decode(&o, RESOURCE_PODS),
	    "an object without a name");
	pod_named("x", "");
	assert_string_equal(decode(&o, RESOURCE_PODS),
	    "an object without a namespace");
	assert_null(decode(&o, RESOURCE_NAMESPACES));
	assert_string_equal(o.name, "x");
	memset(name, 'n', sizeof(name));
	name[OBJECT_NAME_MAX] = '\0';
	pod_named(name, "a");
	assert_null(decode(&o, RESOURCE_PODS));
	assert_string_equal(o.name, name);
	name[OBJECT_NAME_MAX] = 'n';
	name[OBJECT_NAME_MAX + 1] = '\0';
	pod_named(name, "a");
	assert_string_equal(decode(&o, RESOURCE_PODS),
	    "an object's name is too long");
	name[OBJECT_NAMESPACE_MAX + 1] = '\0';
	pod_named("x", name);
	assert_string_equal(decode(&o, RESOURCE_PODS),
	    "a namespace's name is too long");
	name[OBJECT_NAMESPACE_MAX] = '\0';
	pod_named("x", name);
	assert_null(decode(&o, RESOURCE_PODS));
	/* An owner of a longer name than there can be is none. */
	memset(name, 'n', sizeof(name));
	name[OBJECT_NAME_MAX + 1] = '\0';
	out_len = 0;
	put_text(3, name);
	put_number(6, 1);
	wrap(13);
	put_text(1, "x");
	put_text(3, "a");
	wrap(1);
	assert_null(decode(&o, RESOURCE_PODS));
	assert_null(o.owner);
}

/* jansson refuses such texts, too. */
static void
test_utf8(void **state)
{
	static const struct { const char *text; size_t len; bool valid; } rows[] = {
		{ "gr\xc3\xb6\xc3\x9f" "e \xe7\xa7\x98 \xf0\x9f\x90\xb3", 16,
		    true },
		{ "a\0b", 3, false },
		{ "\x80", 1, false }, { "\xc3", 1, false },
		{ "\xc0\x80", 2, false }, { "\xc1\xbf", 2, false },
		{ "\xe0\x80\x80", 3, false }, { "\xed\xa0\x80", 3, false },
		{ "\xef\xbf\xbf", 3, true }, { "\xe7\xa7", 2, false },
		{ "\xf0\x80\x80\x80", 4, false },
		{ "\xf4\x8f\xbf\xbf", 4, true },
		{ "\xf4\x90\x80\x80", 4, false }, { "\xf5\x80\x80\x80", 4, false },
		{ "\xff", 1, false },
	};
	struct object o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		out_len = 0;
		put_bytes(1, rows[i].text, rows[i].len);
		put_text(3, "a");
		wrap(1);
		if (rows[i].valid)
			assert_null(decode(&o, RESOURCE_PODS));
		else
			assert_string_equal(decode(&o, RESOURCE_PODS),
			    "the answer is no protobuf");
	}
}

/* Eight bytes at a time are looked at, and what is left: a bad one is found and a
 * good one taken wherever it stands. */
static void
test_utf8_anywhere(void **state)
{
	static const struct { const char *text; size_t len; bool valid; } rows[] = {
		{ "\0", 1, false }, { "\x80", 1, false }, { "\xff", 1, false },
		{ "\x01", 1, true }, { "\x7f", 1, true }, { "\xc3\xa4", 2, true },
		{ "\xf0\x9f\x90\xb3", 4, true },
	};
	struct wire_field f = { 0 };
	struct text t;
	char text[40];
	size_t i, at, len;

	(void)state;
	f.bytes.p = text;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (len = rows[i].len; len < 36; len++)
			for (at = 0; at + rows[i].len <= len; at++) {
				memset(text, 'a', sizeof(text));
				memcpy(text + at, rows[i].text, rows[i].len);
				f.bytes.len = len;
				assert_int_equal(wire_text(&f, &t),
				    rows[i].valid);
			}
}

static void
test_malformed(void **state)
{
	static const struct { const char *bytes; size_t len; } rows[] = {
		{ "\x00\x00", 2 },	/* field 0 */
		{ "\x0b\x0c", 2 },	/* a group */
		{ "\x0e", 1 }, { "\x0f", 1 },	/* no wire type */
		{ "\x0a", 1 },		/* no length */
		{ "\x0a\x05" "abc", 5 },	/* longer than what is there */
		{ "\x0a\xff\xff\xff\xff\x0f", 6 },	/* 4 GiB */
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
		{ "\x08\xff", 2 },	/* a number without an end */
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
		{ "\x09" "1234567", 8 }, { "\x0d" "123", 4 },
	};
	struct object o;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		pod_named("x", "a");
		put(rows[i].bytes, rows[i].len);
		if (decode(&o, RESOURCE_PODS) == NULL)
			fail_msg("row %zu", i);
		/* The same one message deeper. */
		out_len = 0;
		put(rows[i].bytes, rows[i].len);
		wrap(3);
		if (object_decode_wire(&o, RESOURCE_PODS, out, out_len) == NULL)
			fail_msg("row %zu, inside", i);
	}
	/* What is unknown is skipped; a known one of another type is missing. */
	pod_named("x", "a");
	put("\x09" "12345678" "\x0d" "1234" "\x70\x07", 16);
	put_text(99, "unknown");
	put_number(3, 7);
	assert_null(decode(&o, RESOURCE_PODS));
	assert_string_equal(o.name, "x");
}

/* Nothing recurses: a message in a message in a message is only skipped. */
static void
test_depth(void **state)
{
	struct object o;
	int i;

	(void)state;
	out_len = 0;
	for (i = 0; i < 10000; i++)
		put("\x0a", 1);
	wrap(2);
	put_text(1, "x");
	put_text(3, "a");
	wrap(1);
	assert_null(decode(&o, RESOURCE_PODS));
}

static void
test_count(void **state)
{
	struct object o;
	unsigned i;

	(void)state;
	for (i = 0, out_len = 0; i < WIRE_FIELDS_MAX - 2; i++)
		put_number(7, 1);
	put_text(1, "x");
	put_text(3, "a");
	wrap(1);
	assert_null(decode(&o, RESOURCE_PODS));
	for (i = 0, out_len = 0; i < WIRE_FIELDS_MAX - 1; i++)
		put_number(7, 1);
	put_text(1, "x");
	put_text(3, "a");
	wrap(1);
	assert_string_equal(decode(&o, RESOURCE_PODS),
	    "the answer is no protobuf");
}

/* Numbers and times at their ends. */
static void
test_numbers(void **state)
{
	struct object o;
	static const struct { uint64_t value; unsigned desired; } rows[] = {
		{ 0, 0 }, { 3, 3 }, { 127, 127 }, { 128, 128 },
		{ 16383, 16383 }, { 16384, 16384 },
		{ 2147483647, 2147483647 },
		{ 2147483648, 2147483647 }, { UINT64_MAX, 0 },
		{ (uint64_t)1 << 63, 0 },
	};
	static const struct { uint64_t seconds, ms; } times[] = {
		{ 0, 0 }, { 1, 1000 }, { 253402300799ULL, 253402300799000ULL },
		{ 253402300800ULL, 0 }, { UINT64_MAX, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		out_len = 0;
		put_number(1, rows[i].value);
		wrap(2);
		put_text(1, "\n\001x\032\001a");
		assert_null(decode(&o, RESOURCE_DEPLOYMENTS));
		assert_int_equal(o.workload.desired, rows[i].desired);
	}
	for (i = 0; i < sizeof(times) / sizeof(*times); i++) {
		out_len = 0;
		put_number(1, times[i].seconds);
		wrap(8);
		put_text(1, "x");
		put_text(3, "a");
		wrap(1);
		assert_null(decode(&o, RESOURCE_PODS));
		assert_true(o.pod.created == times[i].ms);
	}
}

static void
test_envelope(void **state)
{
	struct envelope e;

	(void)state;
	assert_string_equal(envelope_open(&e, "{\"a\":1}", 7),
	    "an object without the mark of protobuf");
	assert_non_null(envelope_open(&e, "k8s", 3));
	assert_string_equal(envelope_open(&e, "k8s\0", 4),
	    "the answer is no protobuf");
	assert_null(envelope_open(&e, "k8s\0\x0a\x05\x12\x03Pod\x12\x01x"
	    "\x1a\0\x22\0", 18));
	assert_true(text_is(e.kind, "Pod") && e.api_version.p == NULL);
	assert_true(text_is(e.raw, "x"));
	assert_string_equal(envelope_open(&e, "k8s\0\x12\x01x\x1a\x04gzip", 13),
	    "an object in an unknown encoding");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists), cmocka_unit_test(test_watches),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_names), cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf8_anywhere),
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_depth),
		cmocka_unit_test(test_count), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_envelope),
	};

	return (cmocka_run_group_tests_name("wire", tests, NULL, NULL));
}
