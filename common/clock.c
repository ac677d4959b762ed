#include <time.h>

#include "clock.h"

static uint64_t
milliseconds(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ((uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

uint64_t
clock_now(void)
{
	return (milliseconds(CLOCK_REALTIME));
}

uint64_t
clock_ticks(void)
{
	return (milliseconds(CLOCK_MONOTONIC));
}

uint64_t
clock_boottime(void)
{
	return (milliseconds(CLOCK_BOOTTIME));
}
