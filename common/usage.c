#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "usage.h"

static int	statm = -1;
static long	page_size;

void
usage_init(void)
{
	statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	page_size = sysconf(_SC_PAGESIZE);
}

uint64_t
usage_memory(void)
{
	unsigned long resident;
	char buf[128];
	ssize_t n;

	/* proc(5): size, resident, ... in pages. */
	if (statm == -1 || (n = pread(statm, buf, sizeof(buf) - 1, 0)) <= 0)
		return (0);
	buf[n] = '\0';
	if (sscanf(buf, "%*u %lu", &resident) != 1)
		return (0);
	return ((uint64_t)resident * page_size);
}

uint64_t
usage_cpu(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == -1)
		return (0);
	return ((uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}
