/* What was parsed, checked. */
#ifndef REGRESS_UNIT_PARSED_ASSERTS_H
#define REGRESS_UNIT_PARSED_ASSERTS_H

#include "../../kanatad/parsed.h"

/* The only one of its kind, NULL if there is none. */
const struct parsed_secret *find_secret(const struct parsed *, enum secret);
void	 assert_inline(const struct parsed *, enum secret, const char *bytes);
void	 assert_file(const struct parsed *, enum secret, const char *path);

/* A text that must be refused: where, and a part of what is said then. */
struct refused {
	const char	*text;
	unsigned	 line, column;
	const char	*error;
};
/* It was, and no secret of the text is in the error. */
void	 assert_refused(const struct parsed *, const struct refused *);

#endif
