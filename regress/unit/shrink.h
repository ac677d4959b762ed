/*
 * Long random histories: each of them in a process of its own, and one that fails
 * is made as short as it can be and still fail (delta debugging, Zeller 1999).
 *
 * A history is steps.  Each has random numbers of its own, so that leaving others
 * out does not change what it does.
 */
#ifndef KANATA_REGRESS_SHRINK_H
#define KANATA_REGRESS_SHRINK_H

#include <stdbool.h>
#include <stdint.h>

#define STEPS_MAX	256

void	 model_seed(uint64_t);
unsigned model_random(unsigned below);

/* False: this step is left out.  Else its random numbers begin here. */
bool	 step_begins(unsigned);
/* This is wrong with the history: it ends here. */
void	 history_fails(const char *what, int component)
	    __attribute__((noreturn));
/* It is told once more, for people to read. */
bool	 history_explained(void);

struct history_kind {
	const char	*name;
	void		(*one)(uint64_t seed);
	unsigned	 steps;
};
/*
 * Histories of this kind, for this share of KANATA_SECONDS (8).  KANATA_SEED sets
 * the first seed ("time": another one each second), KANATA_STEPS ("3,17,18")
 * leaves all others out.  Without, the same ones come
 * each time: what a change breaks shows with that change.  False: one fails, and
 * was printed.
 */
bool	 histories_hold(const struct history_kind *, double share);

#endif
