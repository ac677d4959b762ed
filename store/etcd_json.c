#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "etcd_json.h"

/* -- memory ---------------------------------------------------------------- */

/* In front of each piece: its size. */
#define SIZE_ROOM	16

static void *
wiping_malloc(size_t size)
{
	char *p;

	if (size > SIZE_MAX - SIZE_ROOM ||
	    (p = malloc(size + SIZE_ROOM)) == NULL)
		return (NULL);
	memcpy(p, &size, sizeof(size));
	return (p + SIZE_ROOM);
}

static void
wiping_free(void *ptr)
{
	char *p = ptr;
	size_t size;

	if (p == NULL)
		return;
	p -= SIZE_ROOM;
	memcpy(&size, p, sizeof(size));
	explicit_bzero(p, size + SIZE_ROOM);
	free(p);
}

void
etcd_json_init(void)
{
	json_set_alloc_funcs(wiping_malloc, wiping_free);
	/* Else jansson looks for /dev/urandom when it is too late. */
	json_object_seed(arc4random() | 1);
}

char *
etcd_text(const json_t *json)
{
	char *text;

	if ((text = json_dumps(json, JSON_COMPACT)) == NULL)
		fatalx("out of memory for JSON");
	return (text);
}

void
etcd_text_free(char *text)
{
	json_malloc_t unused;
	json_free_t release;

	/* Whichever allocator it came from. */
	json_get_alloc_funcs(&unused, &release);
	release(text);
}

static json_t *
need(json_t *json)
{
	if (json == NULL)
		fatalx("out of memory for JSON");
	return (json);
}

/* -- base64 and keys ------------------------------------------------------- */

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
etcd_base64(const void *data, size_t len)
{
	const unsigned char *in = data;
	char *out, *p;
	uint32_t word;
	size_t i;

	if (len > SIZE_MAX / 2 ||
	    (p = out = malloc((len + 2) / 3 * 4 + 1)) == NULL)
		fatal("malloc");
	for (i = 0; i < len; i += 3) {
		word = (uint32_t)in[i] << 16;
		if (i + 1 < len)
			word |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			word |= in[i + 2];
		*p++ = alphabet[word >> 18];
		*p++ = alphabet[word >> 12 & 63];
		*p++ = i + 1 < len ? alphabet[word >> 6 & 63] : '=';
		*p++ = i + 2 < len ? alphabet[word & 63] : '=';
	}
	*p = '\0';
	return (out);
}

/* Four characters into at most three bytes; returns how many, -1: no base64. */
static int
decode_group(const char *in, unsigned char out[3])
{
	uint32_t word = 0;
	const char *at;
	int i, pad = 0;

	for (i = 0; i < 4; i++) {
		word <<= 6;
		if (in[i] == '=' && i >= 2) {
			pad++;
			continue;
		}
		if (pad > 0 || (at = strchr(alphabet, in[i])) == NULL ||
		    in[i] == '\0')
			return (-1);
		word |= (uint32_t)(at - alphabet);
	}
	out[0] = word >> 16 & 255;
	out[1] = word >> 8 & 255;
	out[2] = word & 255;
	/* Bits that no byte takes must be zero. */
	if ((pad > 0 && out[2] != 0) || (pad > 1 && out[1] != 0))
		return (-1);
	return (3 - pad);
}

char *
etcd_unbase64(const char *in, size_t *len)
{
	size_t i, n = strlen(in), used = 0;
	unsigned char group[3];
	char *out;
	int got;

	if (n % 4 != 0)
		return (NULL);
	if ((out = malloc(n / 4 * 3 + 1)) == NULL)
		fatal("malloc");
	for (i = 0; i < n; i += 4) {
		got = decode_group(in + i, group);
		if (got == -1 || (got < 3 && i + 4 != n)) {
			free(out);
			return (NULL);
		}
		memcpy(out + used, group, got);
		used += got;
	}
	out[used] = '\0';
	*len = used;
	return (out);
}

char *
etcd_range_end(const char *prefix)
{
	size_t len = strlen(prefix);
	unsigned char *end;
	char *text;

	if ((end = malloc(len + 1)) == NULL)
		fatal("malloc");
	memcpy(end, prefix, len + 1);
	/* What ends in 0xff cannot be counted up: cut it and carry. */
	while (len > 0 && end[len - 1] == 0xff)
		len--;
	if (len == 0) {
		/* One zero byte as the end means: to the last key. */
		end[0] = '\0';
		len = 1;
	} else
		end[len - 1]++;
	text = etcd_base64(end, len);
	free(end);
	return (text);
}

/* -- requests -------------------------------------------------------------- */

static void
set_string(json_t *object, const char *name, const char *text)
{
	if (json_object_set_new(object, name, need(json_string(text))) == -1)
		fatalx("out of memory for JSON");
}

static void
set_base64(json_t *object, const char *name, const void *data, size_t len)
{
	char *text = etcd_base64(data, len);

	set_string(object, name, text);
	free(text);
}

static void
set_int(json_t *object, const char *name, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	set_string(object, name, text);
}

json_t *
etcd_range(const char *key)
{
	json_t *body = need(json_object());

	set_base64(body, "key", key, strlen(key));
	return (body);
}

json_t *
etcd_range_prefix(const char *prefix, unsigned limit)
{
	json_t *body = etcd_range(prefix);
	char *end = etcd_range_end(prefix);

	set_string(body, "range_end", end);
	set_int(body, "limit", limit);
	free(end);
	return (body);
}

json_t *
etcd_watch_request(const char *prefix, int64_t revision)
{
	json_t *create = etcd_range(prefix);
	char *end = etcd_range_end(prefix);

	set_string(create, "range_end", end);
	set_int(create, "start_revision", revision);
	if (json_object_set_new(create, "progress_notify", json_true()) == -1)
		fatalx("out of memory for JSON");
	free(end);
	return (need(json_pack("{s:o}", "create_request", create)));
}

json_t *
etcd_grant(unsigned seconds)
{
	json_t *body = need(json_object());

	set_int(body, "TTL", seconds);
	return (body);
}

json_t *
etcd_lease(int64_t id)
{
	json_t *body = need(json_object());

	set_int(body, "ID", id);
	return (body);
}

json_t *
etcd_login(const char *user, const char *password)
{
	json_t *body = need(json_object());

	set_string(body, "name", user);
	set_string(body, "password", password);
	return (body);
}

json_t *
etcd_txn(void)
{
	return (need(json_pack("{s:[],s:[],s:[]}", "compare", "success",
	    "failure")));
}

static void
append(json_t *txn, const char *list, json_t *entry)
{
	if (json_array_append_new(json_object_get(txn, list), entry) == -1)
		fatalx("out of memory for JSON");
}

static void
compare(json_t *txn, const char *key, const char *target, const char *field,
    int64_t revision)
{
	json_t *entry = need(json_object());

	set_base64(entry, "key", key, strlen(key));
	set_string(entry, "target", target);
	/* The default, but spelled out. */
	set_string(entry, "result", "EQUAL");
	set_int(entry, field, revision);
	append(txn, "compare", entry);
}

void
etcd_txn_if_created(json_t *txn, const char *key, int64_t revision)
{
	compare(txn, key, "CREATE", "create_revision", revision);
}

void
etcd_txn_if_modified(json_t *txn, const char *key, int64_t revision)
{
	compare(txn, key, "MOD", "mod_revision", revision);
}

void
etcd_txn_put(json_t *txn, const char *key, const void *data, size_t len,
    int64_t lease)
{
	json_t *put = need(json_object());

	set_base64(put, "key", key, strlen(key));
	set_base64(put, "value", data, len);
	if (lease != 0)
		set_int(put, "lease", lease);
	append(txn, "success", need(json_pack("{s:o}", "request_put", put)));
}

void
etcd_txn_delete(json_t *txn, const char *key)
{
	append(txn, "success", need(json_pack("{s:o}", "request_delete_range",
	    etcd_range(key))));
}

void
etcd_txn_else_range(json_t *txn, const char *key)
{
	append(txn, "failure", need(json_pack("{s:o}", "request_range",
	    etcd_range(key))));
}

/* -- answers --------------------------------------------------------------- */

const char *
etcd_string(const json_t *object, const char *name, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, name));

	return (text == NULL || *text == '\0' ? otherwise : text);
}

int64_t
etcd_int(const json_t *object, const char *name)
{
	const json_t *json = json_object_get(object, name);
	const char *text;
	char *end;
	long long n;

	if (json_is_integer(json))
		return (json_integer_value(json));
	if ((text = json_string_value(json)) == NULL)
		return (0);
	errno = 0;
	n = strtoll(text, &end, 10);
	return (errno != 0 || *end != '\0' ? 0 : n);
}

int64_t
etcd_revision(const json_t *reply)
{
	return (etcd_int(json_object_get(reply, "header"), "revision"));
}

size_t
etcd_kv_count(const json_t *range)
{
	return (json_array_size(json_object_get(range, "kvs")));
}

/* -1: it has no key, or never stood there. */
static int
read_kv(const json_t *json, struct etcd_kv *kv)
{
	memset(kv, 0, sizeof(*kv));
	kv->key = etcd_unbase64(etcd_string(json, "key", ""), &kv->key_len);
	kv->value = etcd_unbase64(etcd_string(json, "value", ""),
	    &kv->value_len);
	kv->create_revision = etcd_int(json, "create_revision");
	kv->mod_revision = etcd_int(json, "mod_revision");
	kv->lease = etcd_int(json, "lease");
	if (kv->key == NULL || kv->value == NULL || kv->key_len == 0 ||
	    strlen(kv->key) != kv->key_len || kv->mod_revision <= 0) {
		etcd_kv_clear(kv);
		return (-1);
	}
	return (0);
}

int
etcd_kv_read(const json_t *range, size_t n, struct etcd_kv *kv)
{
	if (read_kv(json_array_get(json_object_get(range, "kvs"), n), kv) == -1)
		return (-1);
	if (kv->create_revision <= 0) {
		etcd_kv_clear(kv);
		return (-1);
	}
	return (0);
}

int
etcd_event_read(const json_t *event, struct etcd_kv *kv, bool *deleted)
{
	*deleted = strcmp(etcd_string(event, "type", "PUT"), "DELETE") == 0;
	return (read_kv(json_object_get(event, "kv"), kv));
}

void
etcd_kv_clear(struct etcd_kv *kv)
{
	free(kv->key);
	free(kv->value);
	memset(kv, 0, sizeof(*kv));
}

const json_t *
etcd_txn_range(const json_t *reply, size_t n)
{
	return (json_object_get(json_array_get(json_object_get(reply,
	    "responses"), n), "response_range"));
}

bool
etcd_txn_succeeded(const json_t *reply)
{
	return (json_is_true(json_object_get(reply, "succeeded")));
}
