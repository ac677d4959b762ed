/*
 * The part of a cage that is about files and addresses, and not about system
 * calls: no worker has any, the parent those of its paths.
 */
#ifndef KANATA_LANDLOCK_H
#define KANATA_LANDLOCK_H

#include "cage.h"

/* Fatal if it cannot; returns the ABI version, 0: this kernel has no Landlock. */
int	 landlock_close(enum role, const struct cage_paths *);

#endif
