/* Any bytes as a packed exec plugin: none, or one that can be packed again. */
#include "../../common/plugin.h"
#include "text.h"

int	 LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const struct plugin *plugin)
{
	struct plugin	*other;
	char		*first, *second;
	size_t		 len, again;

	if (plugin->narg == 0 || plugin->narg > PLUGIN_STRINGS_MAX ||
	    plugin->nenv > PLUGIN_STRINGS_MAX ||
	    plugin->arg[plugin->narg] != NULL ||
	    (plugin->nenv > 0 && plugin->env[plugin->nenv] != NULL))
		abort();
	/* Whole, with what was missing, it may be larger than it may be. */
	if ((first = plugin_pack(plugin, &len)) == NULL)
		return;
	if ((other = plugin_unpack(first, len)) == NULL)
		abort();
	second = plugin_pack(other, &again);
	if (second == NULL || again != len || memcmp(first, second, len) != 0)
		abort();
	plugin_free(other);
	free(first);
	free(second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*bytes = text_of(data, size);
	struct plugin	*plugin = plugin_unpack(bytes, size);

	if (plugin != NULL)
		check(plugin);
	plugin_free(plugin);
	free(bytes);
	return (0);
}
