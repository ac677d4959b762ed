#ifndef KANATA_WEB_DASHBOARD_H
#define KANATA_WEB_DASHBOARD_H

#include "mirror.h"

/* The component behind the one whose id is *last, which is set to it (NULL: the
 * first); NULL: no more. */
struct component *dashboard_next(char **last);

#endif
