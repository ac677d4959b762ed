/*
 * The embedded engine: LMDB in the state directory, for one machine.
 *
 * All is opened before the cage.  Each change is a transaction of its own that is
 * on the disk before it is answered.  What LMDB's lock file would do, one flock
 * held for life does: no other process may have the database open.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <bsd/string.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/worker.h"
#include "../common/xmalloc.h"
#include "engine.h"

#define LOCK_FILE	"kanata.lock"
#define DATABASE_FILE	"kanata.mdb"
/* In front of the keys that replicas would share. */
#define SHARED		"shared/"
#define LOCK_WAIT	60	/* times 50 ms */
#define CHECK_SECONDS	30
/* One file, no lock file of LMDB's own, no thread-local slots. */
#define ENV_FLAGS	(MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS)

static MDB_env		*env;
static MDB_dbi		 dbi;
static struct state	 state, shared;
static char		 where[PATH_MAX];
static size_t		 map_size;
static char		*instance;	/* of the configuration that runs */

/*
 * A daemon that was just killed takes its workers along, but not at once: wait a
 * little for its lock.
 */
static void
take_lock(int dirfd, const char *dir)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	unsigned n;
	int fd;

	fd = openat(dirfd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd == -1)
		fatal("state directory %s cannot be written", dir);
	for (n = 0; flock(fd, LOCK_EX | LOCK_NB) == -1; n++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			fatal("%s/%s cannot be locked", dir, LOCK_FILE);
		if (n == LOCK_WAIT)
			fatalx("state directory %s is in use by another "
			    "kanatad: give each its own (store: dir)", dir);
		nanosleep(&pause, NULL);
	}
	/* The descriptor stays open, and with it the lock, for life. */
}

static int
open_env(MDB_env **new, unsigned flags)
{
	int rc;

	if ((rc = mdb_env_create(new)) != 0)
		return (rc);
	if ((rc = mdb_env_set_mapsize(*new, map_size)) != 0)
		return (rc);
	return (mdb_env_open(*new, where, ENV_FLAGS | flags, 0600));
}

static volatile unsigned char touched;

/* Reads each entry of a tree; adds up bytes, so that each page is touched. */
static int
walk(MDB_txn *txn, MDB_dbi tree)
{
	MDB_cursor *cursor;
	MDB_val key, data;
	size_t i;
	int rc;

	if ((rc = mdb_cursor_open(txn, tree, &cursor)) != 0)
		return (rc);
	while ((rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0) {
		for (i = 0; i < key.mv_size; i++)
			touched += ((unsigned char *)key.mv_data)[i];
		for (i = 0; i < data.mv_size; i++)
			touched += ((unsigned char *)data.mv_data)[i];
	}
	mdb_cursor_close(cursor);
	return (rc == MDB_NOTFOUND ? 0 : rc);
}

static int
check_database(void)
{
	MDB_env *e;
	MDB_txn *txn;
	MDB_dbi tree;
	int rc;

	if ((rc = open_env(&e, MDB_RDONLY)) != 0 ||
	    (rc = mdb_txn_begin(e, NULL, MDB_RDONLY, &txn)) != 0)
		return (rc);
	/* Tree 0 is LMDB's own list of free pages. */
	if ((rc = walk(txn, 0)) == 0 &&
	    (rc = mdb_dbi_open(txn, NULL, 0, &tree)) == 0)
		rc = walk(txn, tree);
	return (rc);
}

/*
 * LMDB trusts its file: what is cut off or scribbled over ends in SIGBUS or an
 * assertion.  So a child reads all of it first.
 */
static void
check_in_child(void)
{
	struct stat st;
	pid_t pid;
	int fd, status;

	if (stat(where, &st) == -1) {
		if (errno == ENOENT)
			return;
		fatal("%s", where);
	}
	if (st.st_size == 0)
		return;
	if (access(where, R_OK | W_OK) == -1)
		fatal("%s cannot be read and written", where);
	if ((pid = fork()) == -1)
		fatal("fork");
	if (pid == 0) {
		signal(SIGBUS, SIG_DFL);
		signal(SIGSEGV, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		alarm(CHECK_SECONDS);
		/* It may die of what it reads; what it says is no help. */
		if ((fd = open("/dev/null", O_RDWR)) != -1)
			dup2(fd, STDERR_FILENO);
		_exit(check_database() == 0 ? 0 : 1);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			fatal("waitpid");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fatalx("%s is damaged: stop kanatad, put a copy back or move "
		    "the file away, then start again; without it, incidents "
		    "that are open now have to be resolved by hand", where);
}

/* An entry of the database into memory. */
static void
remember(const MDB_val *name, const MDB_val *data)
{
	char name_buf[sizeof(SHARED) + STATE_KEY_MAX], *key = name_buf;
	struct state *to = &state;
	const char *why;

	if (name->mv_size >= sizeof(name_buf)) {
		log_warnx("%s: a key of %zu bytes is ignored", where,
		    name->mv_size);
		return;
	}
	memcpy(key, name->mv_data, name->mv_size);
	key[name->mv_size] = '\0';
	why = strlen(key) != name->mv_size ? "the key has a NUL" : NULL;
	if (strncmp(key, SHARED, strlen(SHARED)) == 0) {
		key += strlen(SHARED);
		to = &shared;
	}
	if (why == NULL && (why = state_key_refused(key)) == NULL)
		why = state_no_room(to, key, data->mv_size);
	if (why != NULL) {
		log_warnx("%s: \"%s\" is ignored: %s", where, log_safe(key),
		    why);
		return;
	}
	state_want(to, state_need(to, key),
	    value_new(data->mv_data, data->mv_size));
}

static void
read_all(void)
{
	MDB_cursor *cursor;
	MDB_txn *txn;
	MDB_val key, data;
	int rc;

	if ((rc = mdb_txn_begin(env, NULL, 0, &txn)) != 0 ||
	    (rc = mdb_dbi_open(txn, NULL, 0, &dbi)) != 0 ||
	    (rc = mdb_cursor_open(txn, dbi, &cursor)) != 0)
		fatalx("%s: %s", where, mdb_strerror(rc));
	while ((rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) == 0)
		remember(&key, &data);
	if (rc != MDB_NOTFOUND)
		fatalx("%s: %s", where, mdb_strerror(rc));
	mdb_cursor_close(cursor);
	if ((rc = mdb_txn_commit(txn)) != 0)
		fatalx("%s cannot be written: %s", where, mdb_strerror(rc));
}

void
embedded_open(const char *dir, size_t map_bytes)
{
	mode_t mask;
	int dirfd, rc;

	state_init(&state);
	state_init(&shared);
	shared.max = SHARED_BYTES_MAX;
	map_size = map_bytes;
	if ((size_t)snprintf(where, sizeof(where), "%s/%s", dir,
	    DATABASE_FILE) >= sizeof(where))
		fatalx("state directory: the path is too long");
	if ((dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		fatal("state directory %s", dir);
	mask = umask(077);
	take_lock(dirfd, dir);
	check_in_child();
	if ((rc = open_env(&env, 0)) != 0)
		fatalx("%s cannot be opened: %s", where, mdb_strerror(rc));
	read_all();
	umask(mask);
	close(dirfd);
	log_info("%s: %u keys", where, state.count);
	store_say(true, true, 0, "embedded database");
}

/* 0, or what LMDB answers. */
static int
write_item(const char *name, const struct value *value)
{
	MDB_val key = { .mv_size = strlen(name) }, data = { 0 };
	char copy[sizeof(SHARED) + STATE_KEY_MAX];
	MDB_txn *txn;
	int rc;

	strlcpy(copy, name, sizeof(copy));
	key.mv_data = copy;
	if ((rc = mdb_txn_begin(env, NULL, 0, &txn)) != 0)
		return (rc);
	if (value == NULL)
		rc = mdb_del(txn, dbi, &key, NULL);
	else {
		data.mv_size = value->len;
		/* LMDB makes the room, the bytes are put there. */
		rc = mdb_put(txn, dbi, &key, &data, MDB_RESERVE);
		if (rc == 0)
			memcpy(data.mv_data, value->data, value->len);
	}
	if (rc != 0) {
		mdb_txn_abort(txn);
		return (rc == MDB_NOTFOUND ? 0 : rc);
	}
	return (mdb_txn_commit(txn));
}

/* prefix: of the key in the database.  Takes the value; NULL or why not, a static
 * text. */
static const char *
change(struct state *to, const char *prefix, const char *key,
    struct value *value)
{
	static char text[256];
	char name[sizeof(SHARED) + STATE_KEY_MAX];
	struct item *item = state_find(to, key);
	const char *why;
	int rc;

	if (value_same(item == NULL ? NULL : item->wanted, value)) {
		value_free(value);
		return (NULL);
	}
	if (value != NULL && (why = to == &shared ?
	    shared_no_room(to, key, value->len) :
	    state_no_room(to, key, value->len)) != NULL) {
		value_free(value);
		return (why);
	}
	strlcpy(name, prefix, sizeof(name));
	strlcat(name, key, sizeof(name));
	rc = worker_observe() ? 0 : write_item(name, value);
	if (rc != 0) {
		value_free(value);
		/* After this one LMDB wants to be opened anew. */
		if (rc == MDB_PANIC)
			fatalx("%s: %s; the database is opened anew", where,
			    mdb_strerror(rc));
		snprintf(text, sizeof(text), "embedded database: %s",
		    rc == MDB_MAP_FULL || rc == MDB_TXN_FULL ?
		    "it is full" : mdb_strerror(rc));
		return (text);
	}
	if (value == NULL)
		state_remove(to, item);
	else
		state_want(to, state_need(to, key), value);
	return (NULL);
}

static void
answer(uint32_t id, const char *key, const char *why)
{
	if (why == NULL) {
		store_done(id);
		return;
	}
	log_warnx("\"%s\" is not stored: %s", log_safe(key), why);
	store_failed(id, why);
}

static void
embedded_put(uint32_t id, const char *key, struct value *value)
{
	answer(id, key, change(&state, "", key, value));
}

static void
embedded_shared_put(uint32_t id, const char *key, struct value *value)
{
	const char *why = change(&shared, SHARED, key, value_ref(value));

	if (why == NULL) {
		store_shared_item(key, value);
		store_done(id);
	} else
		store_failed(id, why);
	value_free(value);
}

static void
embedded_shared_tell(void)
{
	struct item *item;

	store_shared_begin();
	for (item = state_first(&shared); item != NULL;
	    item = state_next(item))
		store_shared_item(item->key, item->wanted);
	store_shared_end();
}

static void
embedded_load(uint32_t id)
{
	struct item *item;

	for (item = state_first(&state); item != NULL; item = state_next(item))
		store_item(id, item->key, item->wanted);
	store_loaded(id);
}

static void
embedded_stop(void)
{
	exit(0);
}

static void
embedded_forget(void)
{
	/* Everything is answered at once. */
}

static void
embedded_leader(struct leader_view *view)
{
	memset(view, 0, sizeof(*view));
	view->leader = LEADER_EMBEDDED;
	strlcpy(view->text, "this one, alone: the store is embedded",
	    sizeof(view->text));
}

static void
embedded_show(void (*row)(const char *, const char *))
{
	char text[512];

	snprintf(text, sizeof(text), "embedded, %.400s, %u keys, %zu bytes",
	    where, state.count, state.bytes);
	row("store", text);
	row("leader", "this one, alone");
}

static const char *
embedded_prepare(const struct conf *conf)
{
	if (conf->etcd != NULL)
		return ("the store runs on the embedded database and cannot "
		    "change to etcd while it runs: restart kanatad");
	if (instance != NULL && strcmp(instance, conf->global.instance) != 0)
		return ("the instance cannot change while kanatad runs: "
		    "restart it");
	return (NULL);
}

static void
embedded_commit(const struct conf *conf)
{
	free(instance);
	instance = xstrdup(conf->global.instance);
}

static void
embedded_abort(void)
{
	/* prepare makes nothing. */
}

static const char *
embedded_secret(enum secret secret, int fd)
{
	(void)secret;
	close(fd);
	return ("the embedded database needs no secret");
}

static void
embedded_secret_fresh(enum secret secret, int fd)
{
	(void)secret;
	if (fd != -1)
		close(fd);
}

const struct engine engine_embedded = {
	.name = "embedded",
	.load = embedded_load,
	.put = embedded_put,
	.forget = embedded_forget,
	.stop = embedded_stop,
	.shared_put = embedded_shared_put,
	.shared_tell = embedded_shared_tell,
	.leader = embedded_leader,
	.show = embedded_show,
	.conf_prepare = embedded_prepare,
	.conf_commit = embedded_commit,
	.conf_abort = embedded_abort,
	.conf_secret = embedded_secret,
	.secret_fresh = embedded_secret_fresh,
};
