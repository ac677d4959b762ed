"""The accidents of a run: of the page, of the daemons, of etcd and of the network
between. Each has step(now), which does what is due, and calm(), which ends all."""

import signal

import reap
from harness import Ended, wait
from kanata import alive, send

NAMED_KILLS = 3         # of one worker; then all, since the parent waits longer
                        # each time that a worker dies
FREEZES = 0.15          # of what happens to one of several daemons
RELOADS = 0.3           # a worker may then die while it prepares


class PageFaults:
    """One fault after the other; each ends before the backoff gets long."""

    def __init__(self, page, random):
        self.page, self.random = page, random
        self.next, self.clear_at = 0, None

    def calm(self):
        self.page.clear()
        self.clear_at = None

    def step(self, now):
        if now < self.next:
            return
        random = self.random
        if self.clear_at is not None:
            self.calm()
            self.next = now + random.uniform(0.1, 1)
            return
        if random.random() < 0.7:
            self.lose_something()
            most = 5
        else:
            self.storm()
            most = 2
        self.clear_at = self.next = now + random.uniform(0.5, most)

    def lose_something(self):
        """Of one or two requests, mostly of those that must not be said twice."""
        kind = self.random.choice(("close_before", "close_after", "close_after", "nothing_after",
                                   "slow", "slow_after_act"))
        options = {"seconds": self.random.uniform(0.1, 1.5)} if kind.startswith("slow") else {}
        method = self.random.choice(("POST", "POST", "POST", "PUT", None))
        self.page.fault(kind, match="/incidents" if method == "POST" else "/v1/", method=method,
                        count=self.random.choice((1, 1, 2)), **options)

    def storm(self):
        self.random.choice((
            lambda: self.page.fault("status", code=429, retry_after=1, count=-1, match="/v1/"),
            lambda: self.page.fault("status", code=self.random.choice((500, 502, 503)), count=-1,
                                    match="/v1/"),
            lambda: self.page.rate(self.random.choice((1, 3)))))()


class DaemonFaults:
    """Deaths of processes and of whole daemons; of several, one stands still now
    and then, perhaps for longer than its lease."""

    def __init__(self, daemons, random):
        self.daemons, self.random = daemons, random
        self.kills = self.freezes = self.reloads = 0
        self.named = {daemon: {} for daemon in daemons}
        self.next, self.still, self.thaw_at = 0, [], None
        self.begins = {daemon: 0 for daemon in daemons}     # of what it logs

    def calm(self):
        for daemon in self.daemons:
            self.serve(daemon)
        send(reversed(self.still), signal.SIGCONT)
        self.still, self.thaw_at = [], None

    def step(self, now):
        if self.thaw_at is not None and now >= self.thaw_at:
            self.calm()
        if now < self.next:
            return
        # What a restart finds on its way is not looked for before some seconds.
        self.next = now + self.random.uniform(*(
            (6, 10) if self.random.random() < 0.1 else (0.2, 2.5)))
        daemon = self.random.choice(self.daemons)
        self.serve(daemon)
        if len(self.daemons) > 1 and not self.still and self.random.random() < FREEZES:
            self.freeze(daemon, now)
        else:
            self.kill(daemon)

    def serve(self, daemon):
        """As a service manager: a worker that dies before the first configuration
        is there ends all. Later nothing may."""
        if daemon.child.poll() is None:
            return
        if self.is_running(daemon):
            raise Ended(f"kanatad ended by itself with {daemon.child.returncode}")
        self.kill_all(daemon)

    def is_running(self, daemon):
        return "kanatad: running" in daemon.log(self.begins[daemon])

    def freeze(self, daemon, now):
        """All of it, or one of its processes."""
        pids = list(daemon.pids().values())
        self.still = pids if self.random.random() < 0.6 else [self.random.choice(pids)]
        self.freezes += 1
        send(self.still, signal.SIGSTOP)
        self.thaw_at = now + self.random.uniform(*self.random.choice(((0.5, 3), (9, 14))))

    def kill(self, daemon):
        pids = daemon.pids()
        names = [name for name in sorted(pids) if name != "parent"]
        if self.random.random() < RELOADS and self.is_running(daemon):
            self.reloads += 1
            daemon.child.send_signal(signal.SIGHUP)
        self.kills += 1
        if self.random.random() < 0.2 or not names:
            return self.kill_all(daemon)
        name = self.random.choice(names)
        named = self.named[daemon]
        named[name] = named.get(name, 0) + 1
        if named[name] > NAMED_KILLS:
            return self.kill_all(daemon)
        send([pids[name]], signal.SIGKILL)

    def kill_all(self, daemon):
        self.named[daemon] = {}
        if self.random.random() < 0.5:
            # The parent alone: the others see that it is gone and end.
            pids = daemon.pids()
            child, daemon.child = daemon.child, None
            child.kill()
            wait(lambda: not any(alive(pid) for pid in pids.values()), 20,
                 "the workers to end with the parent")
            reap.end_group(child)
        else:
            daemon.kill9_tree()
        self.begins[daemon] = daemon.log_size()
        daemon.start(ready=False)


class EtcdFaults:
    """Accidents of the nodes of etcd, and of the network between each daemon and
    each node: proxies[daemon][node]. One at a time; each ends before the next."""

    def __init__(self, etcd, members, proxies, random):
        self.etcd, self.members, self.proxies, self.random = etcd, members, proxies, random
        self.next, self.undo, self.count = 0, None, {}

    def calm(self):
        if self.undo:
            self.undo()
            self.undo = None
        for member in self.members:
            wait(member.healthy, 40, "etcd to be healthy")

    def step(self, now):
        if now < self.next:
            return
        random = self.random
        if self.undo:
            self.undo()
            self.undo = None
            self.next = now + random.uniform(1, 5)
            return
        act = random.choice((self.stop_members, self.freeze_member, self.cut_daemon, self.cut_daemon,
                             self.cut_node, self.cut_node, self.cut_connections, self.compact))
        self.count[act.__name__] = self.count.get(act.__name__, 0) + 1
        self.undo = act()
        self.next = now + random.uniform(0.5, random.choice((2, 4, 12)))

    # Each returns how it ends, or None.

    def stop_members(self):
        """One of them, or so many that none can do anything."""
        count = self.random.choice((1, 1, 1, 2)) if len(self.members) > 1 else 1
        gone = self.random.sample(self.members, count)
        for member in gone:
            member.stop(self.random.choice((signal.SIGTERM, signal.SIGKILL)))

        def undo():
            for member in gone:
                member.launch()
        return undo

    def freeze_member(self):
        member = self.random.choice(self.members)
        member.freeze()
        return member.thaw

    def cut_daemon(self):
        return self.cut(self.random.choice(self.proxies))

    def cut_node(self):
        node = self.random.randrange(len(self.members))
        return self.cut([proxies[node] for proxies in self.proxies])

    def cut(self, proxies):
        """Nobody listens; or what was connected, or all, is silent."""
        how = self.random.choice(("refuse", "lose_all", "freeze"))
        for proxy in proxies:
            if how == "freeze":
                proxy.frozen.set()
            else:
                getattr(proxy, how)()

        def undo():
            for proxy in proxies:
                proxy.frozen.clear()
                proxy.allow()
        return undo

    def cut_connections(self):
        for proxies in self.proxies:
            for proxy in proxies:
                proxy.cut_all()

    def compact(self):
        try:
            self.etcd.compact()
        except OSError:
            pass        # it is just coming back
