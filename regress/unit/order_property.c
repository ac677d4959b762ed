/* Silence and maintenance in long random histories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <cmocka.h>

#include "model.h"

#define S		1000ULL

static uint64_t down_since[MODEL_COMPONENTS];

/* Without faults: what is asked for is there at once, and the truth when it is
 * over. That nothing is said against it, the model itself checks. */
static void
check_now(const struct model *m, uint64_t seed)
{
	const struct model_component *c;
	unsigned n;

	for (n = 0; n < m->n; n++) {
		c = &m->component[n];
		if (model_ordered(m, n, ORDER_MAINTENANCE)) {
			if (c->page == PAGE_MAINTENANCE)
				continue;
		} else if (model_ordered(m, n, ORDER_SILENCE)) {
			if (down_since[n] != 0 || c->page == PAGE_OPERATIONAL ||
			    m->now - c->since < UP_AFTER ||
			    c->health == HEALTH_ROLLING)
				continue;
		} else if (down_since[n] == 0 ||
		    m->now - down_since[n] < DOWN_AFTER + GROUP_WAIT ||
		    (c->page >= PAGE_DEGRADED && model_open(m, (int)n) == 1))
			continue;
		printf("seed %llu: c%u is wrong\n", (unsigned long long)seed, n);
		model_print(m);
		fail();
	}
}

static void
history(uint64_t seed)
{
	struct model *m;
	enum health health;
	unsigned step, n;

	model_seed(seed);
	m = model_new(1 + model_random(MODEL_COMPONENTS), DOWN_AFTER, UP_AFTER,
	    REOPEN);
	m->trace = getenv("KANATA_TRACE") != NULL;
	memset(down_since, 0, sizeof(down_since));
	for (step = 0; step < 120; step++) {
		n = model_random(m->n);
		health = model_random_health();
		model_health(m, n, health);
		if (health < HEALTH_DEGRADED)
			down_since[n] = 0;
		else if (down_since[n] == 0)
			down_since[n] = m->now;
		if (model_random(3) == 0)
			model_order(m, model_random(m->n), model_random(2) == 0 ?
			    ORDER_SILENCE : ORDER_MAINTENANCE,
			    model_random(4) * 50 * S);
		model_pass(m, model_random(3) == 0 ? model_random(90000) :
		    model_random(5000));
		if (model_random(6) == 0) {
			model_restart(m);
			model_settle(m);
			for (n = 0; n < m->n; n++)
				if (down_since[n] != 0)
					down_since[n] = m->component[n].since;
		}
		check_now(m, seed);
	}
	model_free(m);
}

static void
test_histories(void **state)
{
	const char *s = getenv("KANATA_SEED");
	uint64_t first = s != NULL ? strtoull(s, NULL, 10) : 1, n;

	(void)state;
	s = getenv("KANATA_SECONDS");
	for (n = first; n < first + (s != NULL ? 100 * strtoull(s, NULL, 10) :
	    300); n++)
		history(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histories),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
