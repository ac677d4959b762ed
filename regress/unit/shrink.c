#include <sys/mman.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shrink.h"

#define RUN_SECONDS	60	/* for one history */
#define SHRINK_SECONDS	60

/* What a history's process tells the one that waits for it. */
struct verdict {
	char		 what[160];
};

static uint64_t		 random_state, seed;
static bool		 left_out[STEPS_MAX];
static bool		 explained;
static struct verdict	*verdict;

/* -- random numbers -------------------------------------------------------- */

void
model_seed(uint64_t number)
{
	random_state = number * 2862933555777941757ULL + 3037000493ULL;
}

unsigned
model_random(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return ((unsigned)(random_state >> 33) % below);
}

/* -- from within a history ------------------------------------------------- */

bool
step_begins(unsigned step)
{
	if (step < STEPS_MAX && left_out[step])
		return (false);
	model_seed(seed * 1000003 + step);
	return (true);
}

bool
history_explained(void)
{
	return (explained);
}

void
history_fails(const char *what, int component)
{
	if (component < 0)
		snprintf(verdict->what, sizeof(verdict->what), "%s", what);
	else
		snprintf(verdict->what, sizeof(verdict->what), "c%d: %s",
		    component, what);
	fflush(stdout);
	_exit(1);
}

/* -- one history ----------------------------------------------------------- */

static double
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static void
run_child(const struct history_kind *kind)
{
	int null;

	if (!explained && (null = open("/dev/null", O_WRONLY)) != -1) {
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	signal(SIGABRT, SIG_DFL);
	alarm(RUN_SECONDS);
	kind->one(seed);
	fflush(stdout);
	_exit(0);
}

/* What is wrong with it, "" if nothing is; valid until the next one. */
static const char *
run_one(const struct history_kind *kind)
{
	int status;
	pid_t pid;

	verdict->what[0] = '\0';
	fflush(stdout);
	if ((pid = fork()) == 0)
		run_child(kind);
	if (pid == -1 || waitpid(pid, &status, 0) != pid) {
		perror("fork");
		exit(1);
	}
	/* An assertion of the model or a sanitizer. */
	if (status != 0 && verdict->what[0] == '\0')
		snprintf(verdict->what, sizeof(verdict->what),
		    "status %#x", (unsigned)status);
	return (verdict->what);
}

/* -- shorter --------------------------------------------------------------- */

/* Leaves out steps[from .. end): true if it fails in the same way without. */
static bool
fails_without(const struct history_kind *kind, const unsigned *steps,
    unsigned from, unsigned end, const char *what)
{
	unsigned i;

	for (i = from; i < end; i++)
		left_out[steps[i]] = true;
	if (strcmp(run_one(kind), what) == 0)
		return (true);
	for (i = from; i < end; i++)
		left_out[steps[i]] = false;
	return (false);
}

static unsigned
steps_left(const struct history_kind *kind, unsigned *steps)
{
	unsigned i, n = 0;

	for (i = 0; i < kind->steps; i++)
		if (!left_out[i])
			steps[n++] = i;
	return (n);
}

static void
shrink(const struct history_kind *kind, const char *what)
{
	unsigned steps[STEPS_MAX], n, size, from, end;
	double limit = clock_now() + SHRINK_SECONDS;
	bool shorter;

	n = steps_left(kind, steps);
	for (size = (n + 1) / 2; size > 0; size = shorter ? size : size / 2) {
		shorter = false;
		n = steps_left(kind, steps);
		if (size > n)
			size = n;
		for (from = 0; from < n && clock_now() < limit; from = end) {
			end = from + size < n ? from + size : n;
			shorter = fails_without(kind, steps, from, end,
			    what) || shorter;
		}
		if (clock_now() >= limit)
			break;
	}
}

static void
print_steps(const struct history_kind *kind)
{
	unsigned steps[STEPS_MAX], n, i;

	n = steps_left(kind, steps);
	printf("KANATA_SEED=%llu KANATA_STEPS=",
	    (unsigned long long)seed);
	for (i = 0; i < n; i++)
		printf("%s%u", i > 0 ? "," : "", steps[i]);
	printf(" fails with these %u of %u steps\n", n, kind->steps);
}

static void
explain(const struct history_kind *kind)
{
	char what[sizeof(verdict->what)];

	snprintf(what, sizeof(what), "%s", verdict->what);
	printf("%s: seed %llu: %s; making it shorter\n", kind->name,
	    (unsigned long long)seed, what);
	shrink(kind, what);
	print_steps(kind);
	explained = true;
	run_one(kind);
	explained = false;
	printf("%s: %s\n", kind->name, what);
}

/* -- many ------------------------------------------------------------------ */

static void
leave_out_others(const struct history_kind *kind, const char *steps)
{
	unsigned long step;
	char *end;
	unsigned i;

	for (i = 0; i < STEPS_MAX; i++)
		left_out[i] = steps != NULL;
	while (steps != NULL && *steps != '\0') {
		step = strtoul(steps, &end, 10);
		if (end == steps || step >= kind->steps)
			break;
		left_out[step] = false;
		steps = *end == ',' ? end + 1 : end;
	}
}

bool
histories_hold(const struct history_kind *kind, double share)
{
	const char *s = getenv("KANATA_SEED"), *t = getenv("KANATA_SECONDS");
	double end = clock_now() + share * (t != NULL ? atof(t) : 8);
	uint64_t first = 1;

	if (s != NULL && strcmp(s, "time") == 0)
		first = (uint64_t)time(NULL) * 1000;
	else if (s != NULL)
		first = strtoull(s, NULL, 10);
	verdict = mmap(NULL, sizeof(*verdict), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (verdict == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	leave_out_others(kind, getenv("KANATA_STEPS"));
	seed = first;
	do {
		if (run_one(kind)[0] != '\0') {
			explain(kind);
			return (false);
		}
		seed++;
	} while (clock_now() < end);
	printf("%s: %llu histories, seeds from %llu\n", kind->name,
	    (unsigned long long)(seed - first), (unsigned long long)first);
	/* Once more where a sanitizer sees what is not freed. */
	seed = first;
	kind->one(seed);
	return (true);
}
