/*
 * The users of the dashboard: a file with the list `users` of names and hashes,
 * as the original had it (KA-18).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "../common/log.h"
#include "../common/users.h"
#include "grammar.h"
#include "key.h"

#define HASH_EXPECTED	"expected a hash as `kanatad create-user` makes it " \
			"($y$...)"

static int
users_add(struct parsed *p, const struct yaml_node *user, FILE *rows)
{
	if (!users_is_name(user->key))
		return (parsed_fail_key(p, user, "expected the name of a user: "
		    "at most %d letters, digits and . _ @ -", USERS_NAME_MAX));
	if (user->what != YAML_TEXT || !users_is_hash(user->text))
		return (parsed_fail(p, user, HASH_EXPECTED));
	fprintf(rows, "%s:%s\n", user->key, user->text);
	return (0);
}

static const struct yaml_node *
users_twice(const struct yaml_node *list)
{
	const struct yaml_node	*a, *b;

	for (a = list->first; a != NULL; a = a->next)
		for (b = list->first; b != a; b = b->next)
			if (strcmp(a->first->key, b->first->key) == 0)
				return (a);
	return (NULL);
}

static int
users_read_list(struct parsed *p, const struct yaml_node *list, FILE *rows)
{
	const struct yaml_node	*item;

	if (list->count > USERS_MAX)
		return (parsed_fail(p, list, "more than %d users", USERS_MAX));
	for (item = list->first; item != NULL; item = item->next) {
		if (item->what != YAML_MAP || item->count != 1)
			return (parsed_fail(p, item, "expected `<name>: "
			    "<hash>`, found %s", yaml_what(item)));
		if (users_add(p, item->first, rows) == -1)
			return (-1);
	}
	if ((item = users_twice(list)) != NULL)
		return (parsed_fail_key(p, item->first, "a user of this name "
		    "is there already"));
	return (0);
}

void
users_read(struct parsed *p, const struct yaml_node *root)
{
	static const struct key	 keys[] = { { "users", KEY_NODE, .offset = 0 } };
	const struct yaml_node	*list = NULL;
	char			*bytes = NULL;
	size_t			 len = 0;
	FILE			*rows;

	if (KEY_READ_MAP(p, root, keys, &list) == -1)
		return;
	if (list == NULL) {
		parsed_fail(p, root, "expected the list `users`");
		return;
	}
	if ((rows = open_memstream(&bytes, &len)) == NULL)
		fatal("parser");
	if (key_want_list(p, list) == NULL ||
	    users_read_list(p, list, rows) == -1) {
		fclose(rows);
		free(bytes);
		return;
	}
	if (fclose(rows) == EOF)
		fatal("parser");
	parsed_secret(p, SECRET_WEB_USERS, list, bytes, len);
	freezero(bytes, len);
}
