/* Any bytes as an answer of Instatus: what is taken out of it keeps its bounds. */
#include "../../notifier/instatus.h"
#include "text.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_id(bool ok, const char *id)
{
	if (ok && (id[0] == '\0' || strlen(id) > INSTATUS_ID_MAX ||
	    strpbrk(id, "/.?#% ") != NULL))
		abort();
}

static void
read_object(const json_t *json)
{
	static const struct operation_component component[] = {
		{ "c0", PAGE_MAJOR }, { "c1", PAGE_STATUS_MAX }
	};
	struct operation op = { .name = "n", .message = "m", .component =
	    component, .ncomponent = 2 };
	struct instatus_component c;
	struct instatus_incident i;
	char *body;

	check_id(instatus_component(json, &c), c.id);
	check_id(instatus_incident(json, &i), i.id);
	instatus_has_update(json, 1767323045678);
	if ((body = instatus_incident_body(json, &op)) != NULL) {
		json_t *again = json_loads(body, 0, NULL);

		if (!json_is_object(again))
			abort();
		json_decref(again);
		free(body);
	}
}

static void
read_reply(const json_t *json)
{
	struct instatus_page page;
	size_t n, count;
	bool full;

	read_object(json);
	if (instatus_list(json, &count, &full) == -1)
		return;
	for (n = 0; n < count; n++) {
		check_id(instatus_page(json, n, &page), page.id);
		read_object(json_array_get(json, n));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = { 200, 201, 204, 302, 400, 401, 404,
	    408, 422, 429, 500, 503 };
	struct http_reply http = { .outcome = HTTP_REPLY, .retry_after = -1 };
	struct api_reply reply;
	char *body;
	bool write;

	if (size < 1)
		return (0);
	json_object_seed(1);
	write = data[0] >= 128;
	http.status = statuses[data[0] % (sizeof(statuses) /
	    sizeof(statuses[0]))];
	http.body = body = text_of(data + 1, size - 1);
	http.len = size - 1;
	instatus_judge(&http, write, &reply);
	must_be_printable(reply.error);
	if ((reply.result == API_OK) != (reply.error[0] == '\0') ||
	    (reply.result == API_OK && !write && reply.json == NULL))
		abort();
	if (reply.json != NULL)
		read_reply(reply.json);
	json_decref(reply.json);
	free(body);
	return (0);
}
