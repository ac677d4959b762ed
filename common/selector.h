/*
 * Label selectors, equality-based and set-based, as the Kubernetes documents
 * "Labels and Selectors" describe them.
 */
#ifndef KANATA_SELECTOR_H
#define KANATA_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

struct selector;

/*
 * "app=api,tier in (a, b),!debug": all of it must hold.  Returns NULL and a text
 * in why (where, and what was expected) if it is none.  An empty selector, which
 * would match everything, is refused.  Out of memory is fatal.
 */
struct selector	*selector_parse(const char *, char *why, size_t whysize);
void		 selector_free(struct selector *);	/* NULL is allowed */

/* The value of a label, or NULL if there is no such label. */
typedef const char *(*selector_label_fn)(const char *key, const void *arg);
bool		 selector_match(const struct selector *, selector_label_fn,
		    const void *arg);

#endif
