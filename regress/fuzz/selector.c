/* Any text as a label selector: why it is none, or something that matches. */
#include "../../common/selector.h"
#include "text.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char *
label(const char *key, const void *arg)
{
	(void)arg;
	return (strlen(key) % 3 == 0 ? NULL : strlen(key) % 3 == 1 ? "" : "a");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct selector	*sel;
	char		*s, why[64] = "";

	if (size > 1024)
		return (0);
	s = text_of(data, size);
	sel = selector_parse(s, why, sizeof(why));
	if ((sel == NULL) == (why[0] == '\0'))
		abort();
	must_be_printable(why);
	if (sel != NULL)
		selector_match(sel, label, NULL);
	selector_free(sel);
	free(s);
	return (0);
}
