/*
 * Fills templates in: bounded, whatever the values are.  Pure.
 */
#ifndef KANATA_NOTIFIER_EXPAND_H
#define KANATA_NOTIFIER_EXPAND_H

#include <stdint.h>

#include "../common/template.h"

/* What comes out; what does not fit is cut off, never within a character. */
struct expand {
	char		*text;		/* the caller frees */
	size_t		 len, max;
};

typedef void	(*expand_field_fn)(struct expand *, enum template_field,
		    const void *arg);

void	 expand_init(struct expand *, size_t max);
void	 expand_template(struct expand *, const char *template,
	    expand_field_fn, const void *arg);

/* -- for the fields ------------------------------------------------------- */

/* At most max bytes of what others wrote: on one line, without controls. */
void	 expand_value(struct expand *, const char *, size_t max);
void	 expand_word(struct expand *, const char *);	/* our own */
void	 expand_count(struct expand *, unsigned long long);
/* "12 minutes", "2 hours 5 minutes". */
void	 expand_duration(struct expand *, uint64_t ms);
/* "2026-01-01 10:00 UTC" */
void	 expand_time(struct expand *, uint64_t ms);

#endif
