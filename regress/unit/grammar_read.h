/* What the tests of the grammar share: a configuration that is read. */
#ifndef REGRESS_UNIT_GRAMMAR_READ_H
#define REGRESS_UNIT_GRAMMAR_READ_H

#include "../../kanatad/grammar.h"

/* The least that is needed; the rest of a file follows. */
#define LEAST	"key: k\ncomponents: {a: b}\n"

/* The file as it was parsed, to be cleared; -1: it has an error. */
int	 read_text(struct parsed *, const char *text, bool secret_ok);
/* The same of one that must have none. */
void	 read_good(struct parsed *, const char *text);
/* Every row survives its message. */
void	 assert_packs(const struct parsed *);

#endif
