#ifndef KANATA_WATCHER_FEED_H
#define KANATA_WATCHER_FEED_H

/* A link to web; takes the descriptor. */
void	 feed_link(unsigned instance, int fd);

#endif
