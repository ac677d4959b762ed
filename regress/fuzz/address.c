/* Any text as what the configuration or the environment has of single values. */
#include "../../common/duration.h"
#include "../../kanatad/proxy.h"
#include "../../kanatad/value.h"
#include "text.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const struct address *a)
{
	if (a->host[0] == '\0' || a->port == 0 || a->port > 65535)
		abort();
	address_is_loopback(a->host);
}

static void
durations(const char *s)
{
	char		 text[DURATION_SIZE];
	uint64_t	 ms, again;

	if (duration_parse(s, &ms) == -1)
		return;
	duration_format(ms, text);
	if (duration_parse(text, &again) == -1 || again != ms)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address	 a;
	const char	*rest = "", *user = NULL;
	char		*s = text_of(data, size), *bytes;
	uint64_t	 n;
	unsigned	 percent;
	size_t		 len = 0;

	if (address_parse_url(s, &a, &rest) == NULL) {
		check(&a);
		if (rest < s || rest > s + size)
			abort();
	}
	if (address_parse_node(s, &a) == NULL)
		check(&a);
	if (proxy_parse(s, &a, &user, &len) == NULL) {
		check(&a);
		if (user != NULL && (user < s || user + len > s + size))
			abort();
	}
	proxy_is_bypassed(s, "h.example.org", 443);
	proxy_is_bypassed(s, "10.1.2.3", 443);
	proxy_is_bypassed(s, "fe80::1", 6443);
	durations(s);
	value_number(s, 0, UINT64_MAX, &n);
	value_percent(s, &percent);
	value_distance(s, "components", 3);
	if ((bytes = value_base64(s, &len)) != NULL) {
		if (bytes[len] != '\0')
			abort();
		free(bytes);
	}
	free(s);
	return (0);
}
