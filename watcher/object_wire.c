/*
 * Protobuf into facts.  Field numbers are those of the generated.proto that is
 * named beside them; they never change once released.  What is not named is
 * skipped, unread.
 */
#include <string.h>

#include "object_wire.h"

/* One more message for each function: the depth is that of this file. */
typedef bool	(*field_fn)(struct facts *, const struct wire_field *,
		    enum resource);

/* k8s.io/apimachinery pkg/apis/meta/v1: Time; nanos are never set. */
#define TIME_SECONDS		1

/* k8s.io/apimachinery pkg/apis/meta/v1: ObjectMeta */
#define META_NAME		1
#define META_NAMESPACE		3
#define META_UID		5
#define META_RESOURCE_VERSION	6
#define META_CREATION		8
#define META_DELETION		9
#define META_LABELS		11
#define META_ANNOTATIONS	12
#define META_OWNER_REFERENCES	13

/* protobuf.dev, "Encoding": a map is a list of these. */
#define ENTRY_KEY		1
#define ENTRY_VALUE		2

/* k8s.io/apimachinery pkg/apis/meta/v1: OwnerReference */
#define OWNER_KIND		1
#define OWNER_NAME		3
#define OWNER_UID		4
#define OWNER_API_VERSION	5
#define OWNER_CONTROLLER	6

/* All kinds: core/v1, apps/v1, batch/v1. */
#define OBJECT_METADATA		1
#define OBJECT_SPEC		2
#define OBJECT_STATUS		3

/* k8s.io/apimachinery pkg/util/intstr: IntOrString */
#define AMOUNT_TYPE		1	/* 0: the number, 1: the text */
#define AMOUNT_NUMBER		2
#define AMOUNT_TEXT		3

/* Conditions of all kinds begin alike, and then differ. */
#define CONDITION_TYPE		1
#define CONDITION_STATUS	2
struct condition_fields {
	uint8_t	 since, reason, message;
};
static const struct condition_fields condition_fields[RESOURCE_MAX] = {
	[RESOURCE_PODS] = { 4, 5, 6 },		/* core/v1: PodCondition */
	[RESOURCE_DEPLOYMENTS] = { 7, 4, 5 },	/* apps/v1: ...Condition */
	[RESOURCE_STATEFULSETS] = { 3, 4, 5 },
	[RESOURCE_DAEMONSETS] = { 3, 4, 5 },
	[RESOURCE_REPLICASETS] = { 3, 4, 5 },
	[RESOURCE_JOBS] = { 4, 5, 6 },		/* batch/v1: JobCondition */
};

/* What a field of a workload's spec or status is. */
enum meaning {
	MEANS_NOTHING,
	/* spec */
	MEANS_REPLICAS, MEANS_STRATEGY, MEANS_MIN_READY, MEANS_DEADLINE,
	MEANS_SUSPEND,
	/* status */
	MEANS_STATUS_REPLICAS, MEANS_UPDATED, MEANS_CONDITION, MEANS_OBSERVED,
	MEANS_SCHEDULED, MEANS_CURRENT_REVISION, MEANS_UPDATE_REVISION
};
#define FIELDS		12

static const uint8_t spec_fields[RESOURCE_MAX][FIELDS] = {
	/* k8s.io/api apps/v1: DeploymentSpec ... ReplicaSetSpec */
	[RESOURCE_DEPLOYMENTS] = { [1] = MEANS_REPLICAS, [4] = MEANS_STRATEGY,
	    [5] = MEANS_MIN_READY, [9] = MEANS_DEADLINE },
	[RESOURCE_STATEFULSETS] = { [1] = MEANS_REPLICAS, [7] = MEANS_STRATEGY,
	    [9] = MEANS_MIN_READY },
	[RESOURCE_DAEMONSETS] = { [3] = MEANS_STRATEGY, [4] = MEANS_MIN_READY },
	[RESOURCE_REPLICASETS] = { [1] = MEANS_REPLICAS, [4] = MEANS_MIN_READY },
	/* k8s.io/api batch/v1: JobSpec, CronJobSpec */
	[RESOURCE_JOBS] = { [10] = MEANS_SUSPEND },
	[RESOURCE_CRONJOBS] = { [4] = MEANS_SUSPEND },
};

static const uint8_t status_fields[RESOURCE_MAX][FIELDS] = {
	/* k8s.io/api apps/v1: DeploymentStatus ... ReplicaSetStatus */
	[RESOURCE_DEPLOYMENTS] = { [2] = MEANS_STATUS_REPLICAS,
	    [3] = MEANS_UPDATED, [6] = MEANS_CONDITION },
	[RESOURCE_STATEFULSETS] = { [2] = MEANS_STATUS_REPLICAS,
	    [5] = MEANS_UPDATED, [6] = MEANS_CURRENT_REVISION,
	    [7] = MEANS_UPDATE_REVISION, [10] = MEANS_CONDITION },
	[RESOURCE_DAEMONSETS] = { [3] = MEANS_SCHEDULED, [5] = MEANS_OBSERVED,
	    [6] = MEANS_UPDATED, [10] = MEANS_CONDITION },
	[RESOURCE_REPLICASETS] = { [6] = MEANS_CONDITION },
	/* k8s.io/api batch/v1: JobStatus */
	[RESOURCE_JOBS] = { [1] = MEANS_CONDITION },
};

/* apps/v1: DeploymentStrategy, ...UpdateStrategy, RollingUpdate... */
#define STRATEGY_TYPE		1
#define STRATEGY_ROLLING	2
#define ROLLING_UNAVAILABLE	1	/* of a StatefulSet: 2 */
#define ROLLING_SURGE		2
#define ROLLING_SET_PARTITION	1
#define ROLLING_SET_UNAVAILABLE	2

/* Calls for each field of a message.  A field that is none is missing. */
static bool
each(struct facts *f, const struct wire_field *message, enum resource r,
    field_fn fn)
{
	struct wire		 w;
	struct wire_field	 field;
	int			 more;

	if (message->bytes.p == NULL)
		return (true);
	wire_open(&w, message->bytes.p, message->bytes.len);
	while ((more = wire_next(&w, &field)) == 1)
		if (!fn(f, &field, r))
			return (false);
	return (more == 0);
}

bool
wire_time(const struct wire_field *message, uint64_t *ms)
{
	struct wire		 w;
	struct wire_field	 f;
	int			 more;

	*ms = 0;
	if (message->bytes.p == NULL)
		return (true);
	wire_open(&w, message->bytes.p, message->bytes.len);
	while ((more = wire_next(&w, &f)) == 1)
		/* Before 1970, or after what RFC 3339 can say: unknown. */
		if (f.number == TIME_SECONDS)
			*ms = f.value > 253402300799ULL ? 0 : f.value * 1000;
	return (more == 0);
}

/* -- metadata ------------------------------------------------------------------ */

/* A label or annotation: only of those that matter the value is looked at. */
static bool
read_entry(struct facts *f, const struct wire_field *entry,
    struct text *(*wanted)(struct facts *, struct text))
{
	struct wire		 w;
	struct wire_field	 field;
	struct text		 key = { "", 0 }, *value;
	struct wire_field	 found = { ENTRY_VALUE, 0, { "", 0 } };
	int			 more;

	if (entry->bytes.p == NULL)
		return (true);
	wire_open(&w, entry->bytes.p, entry->bytes.len);
	while ((more = wire_next(&w, &field)) == 1)
		if (field.number == ENTRY_KEY && field.bytes.p != NULL)
			key = field.bytes;
		else if (field.number == ENTRY_VALUE && field.bytes.p != NULL)
			found = field;
	if (more == -1)
		return (false);
	value = wanted(f, key);
	return (value == NULL || wire_text(&found, value));
}

static bool
read_owner(struct facts *f, const struct wire_field *message)
{
	struct wire		 w;
	struct wire_field	 field;
	struct text		 name = { 0 }, uid = { 0 }, api = { 0 };
	struct text		 kind = { 0 };
	bool			 controller = false, valid = true;
	int			 more;

	if (message->bytes.p == NULL)
		return (true);
	wire_open(&w, message->bytes.p, message->bytes.len);
	while (valid && (more = wire_next(&w, &field)) == 1)
		switch (field.number) {
		case OWNER_KIND:
			valid = wire_text(&field, &kind);
			break;
		case OWNER_NAME:
			valid = wire_text(&field, &name);
			break;
		case OWNER_UID:
			valid = wire_text(&field, &uid);
			break;
		case OWNER_API_VERSION:
			valid = wire_text(&field, &api);
			break;
		case OWNER_CONTROLLER:
			controller = field.value != 0;
			break;
		}
	if (!valid || more == -1)
		return (false);
	if (controller && facts_wants_owner(f, kind)) {
		f->owner = name;
		f->owner_uid = uid;
		f->owner_api = api;
		f->owner_kind = kind;
	}
	return (true);
}

static bool
read_metadata(struct facts *f, const struct wire_field *field, enum resource r)
{
	uint64_t	 when;

	(void)r;
	switch (field->number) {
	case META_NAME:
		return (wire_text(field, &f->name));
	case META_NAMESPACE:
		return (wire_text(field, &f->ns));
	case META_UID:
		return (wire_text(field, &f->uid));
	case META_RESOURCE_VERSION:
		return (wire_text(field, &f->version));
	case META_CREATION:
		return (wire_time(field, &f->created));
	case META_DELETION:
		f->deleted = true;
		return (wire_time(field, &when));
	case META_LABELS:
		return (read_entry(f, field, facts_label));
	case META_ANNOTATIONS:
		return (read_entry(f, field, facts_annotation));
	case META_OWNER_REFERENCES:
		return (read_owner(f, field));
	}
	return (true);
}

/* -- conditions ---------------------------------------------------------------- */

bool
wire_condition(struct facts *f, const struct wire_field *message,
    enum resource r)
{
	const struct condition_fields	*at = &condition_fields[r];
	struct fact_condition		 c = { 0 };
	struct wire			 w;
	struct wire_field		 field;
	enum condition			 which = CONDITION_MAX;
	bool				 valid = true;
	int				 more = 0;

	if (message->bytes.p == NULL)
		return (true);
	wire_open(&w, message->bytes.p, message->bytes.len);
	while (valid && (more = wire_next(&w, &field)) == 1)
		if (field.number == CONDITION_TYPE) {
			which = facts_condition(field.bytes);
			if (which == CONDITION_MAX)
				return (true);
		} else if (field.number == CONDITION_STATUS)
			valid = wire_text(&field, &c.status);
		else if (field.number == at->since)
			valid = wire_time(&field, &c.since);
		else if (field.number == at->reason)
			valid = wire_text(&field, &c.reason);
		else if (field.number == at->message)
			valid = wire_text(&field, &c.message);
	if (!valid || more == -1)
		return (false);
	/* The first of that type; one without a status is none. */
	if (which != CONDITION_MAX && f->condition[which].status.p == NULL)
		f->condition[which] = c;
	return (true);
}

/* -- workloads ----------------------------------------------------------------- */

static bool
read_amount(struct fact_amount *a, const struct wire_field *message)
{
	struct wire		 w;
	struct wire_field	 f;
	struct text		 text = { "", 0 };
	uint64_t		 type = 0;
	bool			 valid = true;
	int			 more = 0;

	if (message->bytes.p == NULL)
		return (true);
	a->number = 0;
	wire_open(&w, message->bytes.p, message->bytes.len);
	while (valid && (more = wire_next(&w, &f)) == 1)
		if (f.number == AMOUNT_TYPE)
			type = f.value;
		else if (f.number == AMOUNT_NUMBER)
			a->number = facts_number((int64_t)f.value);
		else if (f.number == AMOUNT_TEXT)
			valid = wire_text(&f, &text);
	if (type != 0)
		a->text = text;
	return (valid && more == 0);
}

static bool
read_rolling(struct facts *f, const struct wire_field *field, enum resource r)
{
	if (r == RESOURCE_STATEFULSETS) {
		if (field->number == ROLLING_SET_PARTITION)
			f->partition = facts_number((int64_t)field->value);
		else if (field->number == ROLLING_SET_UNAVAILABLE)
			return (read_amount(&f->max_unavailable, field));
	} else if (field->number == ROLLING_UNAVAILABLE)
		return (read_amount(&f->max_unavailable, field));
	else if (field->number == ROLLING_SURGE)
		return (read_amount(&f->max_surge, field));
	return (true);
}

static bool
read_strategy(struct facts *f, const struct wire_field *field, enum resource r)
{
	if (field->number == STRATEGY_TYPE)
		return (wire_text(field, &f->strategy));
	if (field->number == STRATEGY_ROLLING)
		return (each(f, field, r, read_rolling));
	return (true);
}

static bool
read_meaning(struct facts *f, const struct wire_field *field, enum resource r,
    enum meaning meaning)
{
	int	 number = facts_number((int64_t)field->value);

	switch (meaning) {
	case MEANS_NOTHING:
		break;
	case MEANS_REPLICAS:
		f->replicas = number;
		break;
	case MEANS_STRATEGY:
		return (each(f, field, r, read_strategy));
	case MEANS_MIN_READY:
		f->min_ready = number;
		break;
	case MEANS_DEADLINE:
		f->deadline = number;
		break;
	case MEANS_SUSPEND:
		f->suspend = number != 0;
		break;
	case MEANS_STATUS_REPLICAS:
		f->status_replicas = number;
		break;
	case MEANS_UPDATED:
		f->updated = number;
		break;
	case MEANS_CONDITION:
		return (wire_condition(f, field, r));
	case MEANS_OBSERVED:
		f->observed = number;
		break;
	case MEANS_SCHEDULED:
		f->scheduled = number;
		break;
	case MEANS_CURRENT_REVISION:
		return (wire_text(field, &f->current_revision));
	case MEANS_UPDATE_REVISION:
		return (wire_text(field, &f->update_revision));
	}
	return (true);
}

static bool
read_spec(struct facts *f, const struct wire_field *field, enum resource r)
{
	return (field->number >= FIELDS || read_meaning(f, field, r,
	    spec_fields[r][field->number]));
}

static bool
read_status(struct facts *f, const struct wire_field *field, enum resource r)
{
	return (field->number >= FIELDS || read_meaning(f, field, r,
	    status_fields[r][field->number]));
}

static bool
read_pod(struct facts *f, const struct wire_field *field, enum resource r)
{
	if (field->number == OBJECT_METADATA)
		return (each(f, field, r, read_metadata));
	if (field->number == OBJECT_STATUS)
		return (each(f, field, r, wire_pod_status));
	return (true);
}

static bool
read_workload(struct facts *f, const struct wire_field *field, enum resource r)
{
	switch (field->number) {
	case OBJECT_METADATA:
		return (each(f, field, r, read_metadata));
	case OBJECT_SPEC:
		return (each(f, field, r, read_spec));
	case OBJECT_STATUS:
		return (each(f, field, r, read_status));
	}
	return (true);
}

/* -- an object ----------------------------------------------------------------- */

bool
facts_read_wire(struct facts *f, enum resource r, const void *p, size_t len)
{
	struct wire_field	 whole = { 0, 0, { p, len } };

	facts_init(f);
	return (each(f, &whole, r, r == RESOURCE_PODS ? read_pod :
	    read_workload));
}

/* The value of a label in an entry, NULL if it is another one. */
static const char *
entry_value(const struct wire_field *entry, const char *key)
{
	static char		 value[OBJECT_LABEL_MAX + 1];
	struct wire		 w;
	struct wire_field	 f, found = { ENTRY_VALUE, 0, { "", 0 } };
	struct text		 is = { NULL, 0 }, v;

	wire_open(&w, entry->bytes.p, entry->bytes.len);
	while (wire_next(&w, &f) == 1)
		if (f.number == ENTRY_KEY)
			is = f.bytes;
		else if (f.number == ENTRY_VALUE && f.bytes.p != NULL)
			found = f;
	if (!text_is(is, key) || found.bytes.len > OBJECT_LABEL_MAX ||
	    !wire_text(&found, &v))
		return (NULL);
	memcpy(value, v.p, v.len);
	value[v.len] = '\0';
	return (value);
}

/* Labels are looked for when a selector asks; most are never. */
static const char *
wire_label(const struct object *o, const char *key)
{
	struct wire		 w, meta;
	struct wire_field	 f, label;
	const char		*value;

	wire_open(&w, o->labels, o->labels_len);
	while (wire_next(&w, &f) == 1) {
		if (f.number != OBJECT_METADATA || f.bytes.p == NULL)
			continue;
		wire_open(&meta, f.bytes.p, f.bytes.len);
		while (wire_next(&meta, &label) == 1)
			if (label.number == META_LABELS &&
			    label.bytes.p != NULL &&
			    (value = entry_value(&label, key)) != NULL)
				return (value);
	}
	return (NULL);
}

const char *
object_decode_wire(struct object *o, enum resource r, const void *p, size_t len)
{
	struct facts	 f;
	const char	*problem;

	if (!facts_read_wire(&f, r, p, len))
		return ("the answer is no protobuf");
	if ((problem = object_conclude(o, r, &f)) != NULL)
		return (problem);
	o->label = wire_label;
	o->labels = p;
	o->labels_len = len;
	return (NULL);
}
