/*
 * One object of the API, decoded to what health needs, be it from JSON or from
 * protobuf.
 */
#ifndef KANATA_WATCHER_OBJECT_H
#define KANATA_WATCHER_OBJECT_H

#include <jansson.h>

#include "health.h"
#include "resource.h"

#define OBJECT_NAME_MAX		253
#define OBJECT_NAMESPACE_MAX	63
#define OBJECT_LABEL_MAX	63
#define OBJECT_DETAIL_MAX	200

/* Its texts are its own; it is never copied.  Labels are borrowed. */
struct object {
	enum resource	 resource;
	const char	*ns;		/* "" for a namespace */
	const char	*name;
	const char	*version;	/* resourceVersion, "" if none */
	uint64_t	 uid;		/* a hash of it; 0: none, or a pod's, which
					 * nobody asks for */
	bool		 paused;	/* annotation kanata/paused */

	/* The controller among the ownerReferences. */
	const char	*owner;		/* its name, NULL: none */
	enum kind	 owner_kind;	/* KIND_ANY: some other */
	uint64_t	 owner_uid;

	/* A pod: its labels, in whatever they are encoded in, and the hash of
	 * its template. */
	const char	*(*label)(const struct object *, const char *key);
	const void	*labels;
	size_t		 labels_len;
	const char	*template_hash;	/* pod-template-hash, "" if none */
	const char	*revision;	/* that, or controller-revision-hash */
	struct pod_state pod;

	/* Any other: without what only its children tell. */
	struct workload_state workload;
	uint64_t	 revision_number; /* of a Deployment's ReplicaSet */
	const char	*update_revision; /* of a StatefulSet, "" if unknown */

	/* Not cleared between two objects. */
	char		 detail[OBJECT_DETAIL_MAX + 1];
	char		 texts[6 * (OBJECT_NAME_MAX + 1)];
};

/*
 * Reads an object.  Its kind and apiVersion must be those of the resource; a
 * list's items have none.  NULL, or a static text that says what is wrong.
 */
const char	*object_decode(struct object *, enum resource,
		    const char *api_version, bool item, const json_t *);
/* The same of protobuf; kind and apiVersion are in its envelope. */
const char	*object_decode_wire(struct object *, enum resource,
		    const void *, size_t);

/* selector_label_fn on a struct object: valid until the next call. */
const char	*object_label(const char *key, const void *object);

/* Members of a JSON object: NULL, or missing, if of another type. */
const json_t	*member(const json_t *, const char *key);
const char	*member_text(const json_t *, const char *key);
unsigned	 member_count(const json_t *, const char *key, unsigned missing);

#endif
