/*
 * The v3 JSON gateway of etcd: requests out, answers in.  Pure: no I/O.
 *
 * Keys and values travel as base64, 64 bit integers as text, and what has its
 * default value is left out of an answer (etcd documentation, "gRPC gateway").
 */
#ifndef KANATA_STORE_ETCD_JSON_H
#define KANATA_STORE_ETCD_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before the cage.  jansson forgets to wipe: what it frees is wiped from here on. */
void	 etcd_json_init(void);
/* The text of a request; to be freed with etcd_text_free. */
char	*etcd_text(const json_t *);
void	 etcd_text_free(char *);

/* The caller frees; fatal when out of memory. */
char	*etcd_base64(const void *, size_t);
/* Strict: RFC 4648 with padding.  NUL-terminated, the caller frees; NULL if it is
 * no base64. */
char	*etcd_unbase64(const char *, size_t *len);
/* End of the range of all keys that begin with the prefix, as base64: the last
 * byte plus one, carried past 0xff.  The caller frees. */
char	*etcd_range_end(const char *prefix);

/* Request bodies; the caller owns them. */
json_t	*etcd_range(const char *key);
json_t	*etcd_range_prefix(const char *prefix, unsigned limit);
/* All changes below the prefix from this revision on. */
json_t	*etcd_watch_request(const char *prefix, int64_t revision);
json_t	*etcd_grant(unsigned seconds);
json_t	*etcd_lease(int64_t id);	/* for keepalive and revoke */
json_t	*etcd_login(const char *user, const char *password);

/* A transaction: if all comparisons hold then the operations, else the reads. */
json_t	*etcd_txn(void);
void	 etcd_txn_if_created(json_t *, const char *key, int64_t revision);
void	 etcd_txn_if_modified(json_t *, const char *key, int64_t revision);
/* lease 0: none. */
void	 etcd_txn_put(json_t *, const char *key, const void *, size_t,
	    int64_t lease);
void	 etcd_txn_delete(json_t *, const char *key);
void	 etcd_txn_else_range(json_t *, const char *key);

/* What became of a request. */
enum etcd_error {
	ETCD_OK,
	ETCD_RETRY,	/* this node cannot, now: try the next */
	ETCD_TOKEN,	/* the token is missing, unknown or old: log in anew */
	ETCD_REFUSED,	/* name or password is wrong */
	ETCD_AUTH_OFF,	/* authentication is not enabled there */
	ETCD_DENIED,	/* the user may not */
	ETCD_NO_SPACE,	/* over quota: reads and deletes only */
	ETCD_NO_LEASE,	/* the lease is gone */
	ETCD_GARBAGE,	/* no answer of an etcd */
	ETCD_BUG	/* it understands, and says that we are wrong */
};
const char	*etcd_error_name(enum etcd_error);

#define ETCD_TEXT_MAX	256
/*
 * Reads an answer, chosen by the server.  ETCD_OK: *reply is its first JSON value
 * and the caller's.  Else *reply is NULL and text says what happened; it is
 * untrusted.
 */
enum etcd_error	 etcd_read(long status, const char *body, size_t len,
		    json_t **reply, char text[ETCD_TEXT_MAX]);

/* Borrowed from the object, or otherwise. */
const char *etcd_string(const json_t *, const char *name,
	    const char *otherwise);
/* An integer, as text or as number; 0 if it is not there. */
int64_t	 etcd_int(const json_t *, const char *name);
int64_t	 etcd_revision(const json_t *reply);	/* header.revision */

struct etcd_kv {
	char	*key, *value;		/* NUL-terminated */
	size_t	 key_len, value_len;
	int64_t	 create_revision, mod_revision, lease;
};
/* The number of entries in the answer to a range. */
size_t	 etcd_kv_count(const json_t *range);
/* Reads one; returns -1 if it makes no sense, and then nothing is to be freed. */
int	 etcd_kv_read(const json_t *range, size_t, struct etcd_kv *);
/* The same of an event of a watch.  Deleted: there is no value. */
int	 etcd_event_read(const json_t *, struct etcd_kv *, bool *deleted);
void	 etcd_kv_clear(struct etcd_kv *);
/* The answer to the n-th operation of a transaction, NULL if there is none. */
const json_t *etcd_txn_range(const json_t *reply, size_t n);
bool	 etcd_txn_succeeded(const json_t *reply);

#endif
