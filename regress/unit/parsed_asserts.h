/* The secrets that were parsed, checked. */
#ifndef REGRESS_UNIT_PARSED_SECRETS_H
#define REGRESS_UNIT_PARSED_SECRETS_H

#include "../../kanatad/parsed.h"

/* The only one of its kind, NULL if there is none. */
const struct parsed_secret *find_secret(const struct parsed *, enum secret);
void	 assert_inline(const struct parsed *, enum secret, const char *bytes);
void	 assert_file(const struct parsed *, enum secret, const char *path);

#endif
