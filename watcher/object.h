/*
 * One object of the API, decoded to what health needs.  JSON today; another
 * encoding fills in the same struct.
 */
#ifndef KANATA_WATCHER_OBJECT_H
#define KANATA_WATCHER_OBJECT_H

#include <jansson.h>

#include "health.h"
#include "resource.h"

#define OBJECT_NAME_MAX		253
#define OBJECT_NAMESPACE_MAX	63
#define OBJECT_DETAIL_MAX	200

/* Everything is borrowed from the decoded text. */
struct object {
	enum resource	 resource;
	const char	*ns;		/* "" for a namespace */
	const char	*name;
	uint64_t	 uid;		/* a hash of it; 0: none */
	bool		 paused;	/* annotation kanata/paused */

	/* The controller among the ownerReferences. */
	const char	*owner;		/* its name, NULL: none */
	enum kind	 owner_kind;	/* KIND_ANY: some other */
	uint64_t	 owner_uid;

	/* A pod: its labels and the hash of its template. */
	const json_t	*labels;	/* NULL: none */
	const char	*template_hash;	/* pod-template-hash, "" if none */
	const char	*revision;	/* that, or controller-revision-hash */
	struct pod_state pod;
	char		 detail[OBJECT_DETAIL_MAX + 1];

	/* Any other: without what only its children tell. */
	struct workload_state workload;
	uint64_t	 revision_number; /* of a Deployment's ReplicaSet */
	const char	*update_revision; /* of a StatefulSet, "" if unknown */
};

/*
 * Reads an object.  Its kind and apiVersion must be those of the resource; a
 * list's items have none.  NULL, or a static text that says what is wrong.
 */
const char	*object_decode(struct object *, enum resource,
		    const char *api_version, bool item, const json_t *);
/* For object.c: what a pod's status says. */
void		 object_decode_pod(struct object *, const json_t *);

/* selector_label_fn on a struct object. */
const char	*object_label(const char *key, const void *object);

/* Members of a JSON object: NULL, 0 or false if missing or of another type. */
const json_t	*member(const json_t *, const char *key);
const char	*member_text(const json_t *, const char *key);
unsigned	 member_count(const json_t *, const char *key, unsigned missing);
bool		 member_true(const json_t *, const char *key);
uint64_t	 member_time(const json_t *, const char *key);
/* The condition of that type, NULL if there is none. */
const json_t	*condition_find(const json_t *status, const char *type);
/* Its status is that text ("True"). */
bool		 condition_is(const json_t *condition, const char *status);

#endif
