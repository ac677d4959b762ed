#include <arpa/inet.h>
#include <string.h>

#include "throttle.h"

#define PEERS_MAX	256

struct peer {
	uint8_t		 network[8];	/* of IPv6, or an IPv4 address */
	unsigned	 failures;	/* 0: free */
	uint64_t	 last, until;	/* ticks */
};

static struct peer	 peers[PEERS_MAX];
static uint64_t		 next_try;

/* Whoever has one IPv6 address has its whole network. */
static void
network_of(const char *peer, uint8_t network[8])
{
	struct in6_addr v6;
	struct in_addr v4;

	memset(network, 0, 8);
	if (strncmp(peer, "::ffff:", 7) == 0)
		peer += 7;
	if (inet_pton(AF_INET, peer, &v4) == 1)
		memcpy(network + 4, &v4, 4);
	else if (inet_pton(AF_INET6, peer, &v6) == 1)
		memcpy(network, &v6, 8);
}

static struct peer *
find(const char *peer)
{
	uint8_t network[8];
	struct peer *p;

	network_of(peer, network);
	for (p = peers; p < peers + PEERS_MAX; p++)
		if (p->failures > 0 && memcmp(p->network, network, 8) == 0)
			return (p);
	return (NULL);
}

uint64_t
throttle_wait(const char *peer, uint64_t now)
{
	const struct peer *p = find(peer);

	if (p != NULL && p->until > now)
		return (p->until - now);
	if (next_try > now)
		return (next_try - now);
	next_try = now + THROTTLE_PACE;
	return (0);
}

/* A free one, or that which failed longest ago. */
static struct peer *
find_room(void)
{
	struct peer *p, *oldest = &peers[0];

	for (p = peers; p < peers + PEERS_MAX; p++) {
		if (p->failures == 0)
			return (p);
		if (p->last < oldest->last)
			oldest = p;
	}
	return (oldest);
}

void
throttle_failed(const char *peer, uint64_t now)
{
	struct peer *p = find(peer);
	uint64_t wait = 1000;
	unsigned i;

	if (p == NULL) {
		p = find_room();
		network_of(peer, p->network);
		p->failures = 0;
	}
	p->last = now;
	if (++p->failures <= THROTTLE_FREE) {
		p->until = now;
		return;
	}
	for (i = THROTTLE_FREE + 1; i < p->failures && wait < THROTTLE_MAX; i++)
		wait *= 2;
	p->until = now + (wait < THROTTLE_MAX ? wait : THROTTLE_MAX);
}

void
throttle_passed(const char *peer)
{
	struct peer *p = find(peer);

	if (p != NULL)
		p->failures = 0;
}
