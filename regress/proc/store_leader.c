/* The store on a simulated etcd: who leads, and what holds while etcd is away. */
#include <bsd/string.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/clock.h"
#include "../../common/message_io.h"
#include "store_ends.h"

/* Returns when every thread of it has stopped. */
static void
freeze(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGSTOP), 0);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
}

/* Two replicas: one speaks, the other follows and takes over. */
static void
test_sim_two(void **unused)
{
	(void)unused;
	sim_start("");
	store_on_sim(&a, &hold);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	store_on_sim(&b, &hold);
	WAIT(b.reachable && !b.speaks);
	WAIT(strstr(b.text, "another kanatad leads") != NULL);
	load(&b, 1);
	put_is(&b, 2, "k", "no", 'F');
	pump_for(500);
	assert_int_equal(b.answer[1], '\0');
	put_is(&a, 3, "k", "2", 'D');
	show(&b);
	HAS(b.rows, "leader: {\"host\":");
	assert_int_equal(b.leader[0] - '0', LEADER_OTHER);
	assert_int_equal(b.leader_pid, getpid());
	assert_true(b.leader_since != 0);
	show(&a);
	assert_int_equal(a.leader[0] - '0', LEADER_THIS);
	assert_string_equal(a.leader + 1, b.leader + 1);
	assert_int_equal(a.leader_since, b.leader_since);
	assert_true(a.leader_left > 0);
	store_kill(&a);
	WAIT(b.answer[1] == 'L' && b.speaks);
	assert_string_equal(b.items, "k=2;");
	put_is(&b, 3, "k", "3", 'D');
	assert_true(sim_holds(KEY("state/k"), "3"));
}

/* A leader that stands still is overtaken; when it wakes it says nothing, and
 * loads anew before it speaks again. */
static void
test_sim_overtaken(void **unused)
{
	(void)unused;
	sim_start("");
	store_on_sim(&a, &publish);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	store_on_sim(&b, &publish);
	load(&b, 1);
	WAIT(strstr(b.text, "another") != NULL);
	freeze(a.child.pid);
	command("expire_leases", "{}");
	WAIT(b.answer[1] == 'L' && b.speaks);
	put_is(&b, 2, "k", "2", 'D');
	put(&a, 3, "k", "late");
	kill(a.child.pid, SIGCONT);
	WAIT(a.answer[3] == 'F');
	WAIT(!a.speaks);
	assert_true(sim_holds(KEY("state/k"), "2"));
	put_is(&a, 4, "k", "late", 'F');
	HAS(a.why, "load");
	store_kill(&b);
	command("expire_leases", "{}");
	/* The notifier loads when it hears that it speaks again. */
	WAIT(a.speaks);
	put_is(&a, 5, "k", "late", 'F');
	loads(&a, 6, "k=2;");
	put_is(&a, 7, "k", "4", 'D');
	assert_true(sim_holds(KEY("state/k"), "4"));
}

static void
test_sim_away_publish(void **unused)
{
	(void)unused;
	sim_start("");
	store_on_sim(&a, &publish);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	put_is(&a, 3, "gone", "x", 'D');
	freeze(sim.pid);
	put_is(&a, 4, "k", "2", 'D');
	WAIT(!a.reachable);
	assert_true(a.speaks);
	assert_int_equal(a.until, 0);
	HAS(a.text, "going on from memory");
	put_is(&a, 5, "gone", NULL, 'D');
	put_is(&a, 6, "new", "y", 'D');
	/* Ten changes end as one. */
	put_is(&a, 7, "k", "3", 'D');
	put_is(&a, 8, "k", "4", 'D');
	/* A new notifier is given what is in memory. */
	close(a.notifier);
	a.notifier = child_link(&a.child, ROLE_NOTIFIER, 0);
	loads(&a, 9, "k=4;new=y;");
	/* Longer than the lease. */
	pump_for(10500);
	assert_true(a.speaks);
	put_is(&a, 10, "k", "5", 'D');
	kill(sim.pid, SIGCONT);
	WAIT(a.reachable && sim_holds(KEY("state/k"), "5"));
	WAIT(sim_holds(KEY("state/new"), "y"));
	assert_string_equal(sim_key(KEY("state/gone")), "");
	assert_true(a.speaks);
	child_expect_log(&a.child, "has all changes again");
}

/* The notifier is told until when it speaks, and each time that it is longer. */
static void
test_sim_until(void **unused)
{
	uint64_t first, now;

	(void)unused;
	sim_start("");
	store_on_sim(&a, &hold);
	loads(&a, 1, "");
	WAIT(a.speaks);
	now = clock_boottime();
	first = a.until;
	/* The lease is of 10 s, one of which is not used. */
	assert_true(first > now && first <= now + 9000);
	WAIT(a.until > first);
	assert_true(a.speaks);
}

/* What counts is the lease that etcd gives, not the one that was asked for. */
static void
test_sim_ttl(void **unused)
{
	uint64_t now;

	(void)unused;
	sim_start("");
	command("lease_ttl", "{\"seconds\": 2}");
	store_on_sim(&a, &hold);
	load(&a, 1);
	WAIT(strstr(sim_state(), "\"leases\": 1") != NULL);
	child_expect_log(&a.child, "a lease of 2 s is of no use");
	assert_false(a.speaks);
	command("lease_ttl", "{\"seconds\": 4}");
	WAIT(a.answer[1] == 'L' && a.speaks);
	now = clock_boottime();
	assert_true(a.until <= now + 3000);
	put_is(&a, 2, "k", "1", 'D');
}

static void
test_sim_away_hold(void **unused)
{
	uint64_t frozen;

	(void)unused;
	sim_start("");
	store_on_sim(&a, &hold);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	freeze(sim.pid);
	frozen = clock_boottime();
	/* It may speak no longer than the lease lives that it had. */
	assert_true(a.until > frozen && a.until <= frozen + 10000);
	put_is(&a, 3, "k", "2", 'F');
	WAIT(!a.speaks && !a.reachable);
	HAS(a.text, "nothing is posted");
	kill(sim.pid, SIGCONT);
	WAIT(a.speaks && a.reachable);
	put_is(&a, 4, "other", "x", 'D');
	/* It was said to have failed. */
	WAIT(sim_holds(KEY("state/k"), "1"));
	pump_for(300);
	assert_true(sim_holds(KEY("state/k"), "1"));
	loads(&a, 5, "k=1;other=x;");
}

/* The store is killed, its parent starts another: it goes on at once. */
static void
test_sim_predecessor(void **unused)
{
	const char *const mine = "etcd:0123456789abcdef";
	uint64_t began;

	(void)unused;
	sim_start("");
	store_start(&a, mine);
	a.port[0] = sim.port;
	configure(&a, &hold);
	loads(&a, 1, "");
	put_is(&a, 2, "k", "1", 'D');
	store_kill(&a);
	began = ticks();
	store_start(&a, mine);
	a.port[0] = sim.port;
	configure(&a, &hold);
	loads(&a, 1, "k=1;");
	/* Sooner than the lease of the one before could end. */
	assert_true(ticks() - began < 9000);
	put_is(&a, 2, "k", "2", 'D');
	/* That of another parent has to wait. */
	store_kill(&a);
	store_start(&a, "etcd:ff");
	a.port[0] = sim.port;
	configure(&a, &hold);
	load(&a, 1);
	WAIT(strstr(a.text, "another kanatad leads") != NULL);
	command("expire_leases", "{}");
	WAIT(a.answer[1] == 'L');
}

/* --observe leaves no trace, and does not stand in another's way. */
static void
test_sim_observe(void **unused)
{
	const struct settings observe = { .instance = "t", .nodes = 1,
	    .on_loss = ON_LOSS_HOLD, .observe = true };

	(void)unused;
	sim_start("");
	command("put", "{\"key\": \"" KEY("state/k") "\", \"value\": \"1\"}");
	store_on_sim(&a, &observe);
	loads(&a, 1, "k=1;");
	WAIT(a.speaks);
	put_is(&a, 2, "k", "2", 'D');
	put_is(&a, 3, "k2", "x", 'D');
	loads(&a, 4, "k=2;k2=x;");
	assert_string_equal(sim_key(KEY("leader")), "");
	store_on_sim(&b, &hold);
	loads(&b, 1, "k=1;");
	put_is(&b, 2, "k", "3", 'D');
	assert_true(sim_holds(KEY("state/k"), "3"));
	assert_string_equal(sim_key(KEY("state/k2")), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_sim_two),
		T(test_sim_predecessor),
		T(test_sim_observe),
		T(test_sim_overtaken),
		T(test_sim_away_publish),
		T(test_sim_until),
		T(test_sim_ttl),
		T(test_sim_away_hold),
	};

	signal(SIGPIPE, SIG_IGN);
	return (cmocka_run_group_tests(tests, NULL, NULL));
}
