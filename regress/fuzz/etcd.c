/* Any bytes as an answer of etcd: an error with a text, or a reply whose parts keep
 * their bounds. */
#include "../../store/etcd_json.h"
#include "../../store/state.h"
#include "text.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
read_kvs(const json_t *range)
{
	struct etcd_kv kv;
	size_t n;

	for (n = 0; n < etcd_kv_count(range); n++) {
		if (etcd_kv_read(range, n, &kv) == -1)
			continue;
		if (kv.key[kv.key_len] != '\0' ||
		    kv.value[kv.value_len] != '\0')
			abort();
		if (state_key_refused(kv.key) == NULL &&
		    strlen(kv.key) > STATE_KEY_MAX)
			abort();
		etcd_kv_clear(&kv);
	}
}

static void
base64(const char *s)
{
	char *bytes, *again;
	size_t len;

	if ((bytes = etcd_unbase64(s, &len)) == NULL)
		return;
	/* Strict: there is one way to write it. */
	again = etcd_base64(bytes, len);
	if (strcmp(again, s) != 0)
		abort();
	free(again);
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = { 200, 400, 401, 404, 429, 500, 503 };
	char text[ETCD_TEXT_MAX] = "", *body;
	enum etcd_error error;
	json_t *reply;
	size_t n;

	if (size < 1)
		return (0);
	json_object_seed(1);
	body = text_of(data + 1, size - 1);
	base64(body);
	error = etcd_read(statuses[data[0] % (sizeof(statuses) /
	    sizeof(statuses[0]))], body, size - 1, &reply, text);
	if ((error == ETCD_OK) != (reply != NULL) ||
	    (error != ETCD_OK && text[0] == '\0') ||
	    strlen(text) >= sizeof(text))
		abort();
	if (reply != NULL) {
		etcd_revision(reply);
		etcd_int(reply, "ID");
		etcd_int(reply, "TTL");
		etcd_txn_succeeded(reply);
		read_kvs(reply);
		for (n = 0; n < 3; n++)
			read_kvs(etcd_txn_range(reply, n));
		json_decref(reply);
	}
	free(body);
	return (0);
}
