#include <bsd/stdlib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "table.h"

#define ROTL(x, b)	(((x) << (b)) | ((x) >> (64 - (b))))

static uint64_t	 key[2];
static bool	 keyed;

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = ROTL(v[1], 13) ^ v[0];
	v[0] = ROTL(v[0], 32);
	v[2] += v[3];
	v[3] = ROTL(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = ROTL(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = ROTL(v[1], 17) ^ v[2];
	v[2] = ROTL(v[2], 32);
}

/* SipHash-1-3 (Aumasson, Bernstein). */
uint64_t
table_hash_bytes(const void *p, size_t len)
{
	const char	*s = p;
	size_t		 left;
	uint64_t	 v[4], m;
	int		 i;

	if (!keyed) {
		arc4random_buf(key, sizeof(key));
		keyed = true;
	}
	v[0] = key[0] ^ 0x736f6d6570736575ULL;
	v[1] = key[1] ^ 0x646f72616e646f6dULL;
	v[2] = key[0] ^ 0x6c7967656e657261ULL;
	v[3] = key[1] ^ 0x7465646279746573ULL;
	for (left = len; left >= 8; left -= 8, s += 8) {
		memcpy(&m, s, 8);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	m = 0;
	memcpy(&m, s, left);
	m |= (uint64_t)len << 56;
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (i = 0; i < 3; i++)
		sip_round(v);
	return (v[0] ^ v[1] ^ v[2] ^ v[3]);
}

uint64_t
table_hash(const char *s)
{
	return (table_hash_bytes(s, strlen(s)));
}

static void
table_grow(struct table *t)
{
	struct link	**old = t->bucket, *l, *next;
	size_t		  n = t->nbucket, i;

	t->nbucket = n == 0 ? 16 : n * 2;
	if ((t->bucket = calloc(t->nbucket, sizeof(*t->bucket))) == NULL)
		fatal("table");
	for (i = 0; i < n; i++)
		for (l = old[i]; l != NULL; l = next) {
			next = l->next;
			l->next = t->bucket[l->hash & (t->nbucket - 1)];
			t->bucket[l->hash & (t->nbucket - 1)] = l;
		}
	free(old);
}

void
table_add(struct table *t, struct link *l, uint64_t hash)
{
	struct link	**b;

	if (t->count >= t->nbucket)
		table_grow(t);
	l->hash = (uint32_t)hash;
	b = &t->bucket[hash & (t->nbucket - 1)];
	l->next = *b;
	*b = l;
	t->count++;
}

void
table_remove(struct table *t, struct link *l)
{
	struct link	**p = &t->bucket[l->hash & (t->nbucket - 1)];

	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
	t->count--;
}

struct link *
table_first(const struct table *t, uint64_t hash)
{
	struct link	*l;

	if (t->nbucket == 0)
		return (NULL);
	l = t->bucket[hash & (t->nbucket - 1)];
	while (l != NULL && l->hash != (uint32_t)hash)
		l = l->next;
	return (l);
}

struct link *
table_next(const struct link *l)
{
	struct link	*n = l->next;

	while (n != NULL && n->hash != l->hash)
		n = n->next;
	return (n);
}

void
table_each(struct table *t, void (*fn)(struct link *, void *), void *arg)
{
	struct link	*l, *next;
	size_t		 i;

	for (i = 0; i < t->nbucket; i++)
		for (l = t->bucket[i]; l != NULL; l = next) {
			next = l->next;
			fn(l, arg);
		}
}

/*
 * Counts with the highest bit of the bucket's number first: what a bucket is
 * split into when the table grows lies together then, behind or ahead of the
 * cursor as the bucket did.
 */
uint64_t
table_part(const struct table *t, uint64_t cursor,
    void (*fn)(const struct link *, void *), void *arg)
{
	const struct link	*l;
	uint64_t		 bit;

	if (t->nbucket == 0)
		return (0);
	cursor &= t->nbucket - 1;
	for (l = t->bucket[cursor]; l != NULL; l = l->next)
		fn(l, arg);
	for (bit = t->nbucket >> 1; (cursor & bit) != 0; bit >>= 1)
		cursor &= ~bit;
	return (bit == 0 ? 0 : cursor | bit);
}

void
table_clear(struct table *t)
{
	free(t->bucket);
	memset(t, 0, sizeof(*t));
}
