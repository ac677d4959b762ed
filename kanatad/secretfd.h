/*
 * A secret as a descriptor: memory that whoever has the descriptor can read and
 * nobody can change.
 */
#ifndef KANATA_SECRETFD_H
#define KANATA_SECRETFD_H

#include <stddef.h>

/* A sealed memfd, close-on-exec, with a copy of the bytes; -1 and errno. */
int	 secretfd_new(const void *, size_t len);

#endif
