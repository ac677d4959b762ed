/*
 * A pod's status in protobuf.  Field numbers are those of the generated.proto
 * that is named beside them.
 */
#include "object_wire.h"

/* k8s.io/api core/v1: PodStatus */
#define POD_PHASE		1
#define POD_CONDITIONS		2
#define POD_MESSAGE		3
#define POD_REASON		4
#define POD_START_TIME		7
#define POD_CONTAINERS		8
#define POD_INIT_CONTAINERS	10

/* k8s.io/api core/v1: ContainerStatus, ContainerState and what is in it */
#define CONTAINER_NAME		1
#define CONTAINER_STATE		2
#define CONTAINER_LAST_STATE	3
#define CONTAINER_READY		4
#define CONTAINER_RESTARTS	5
#define CONTAINER_IMAGE		6
#define STATE_WAITING		1
#define STATE_TERMINATED	3
#define WAITING_REASON		1
#define WAITING_MESSAGE		2
#define TERMINATED_EXIT_CODE	1
#define TERMINATED_REASON	3

static bool
read_waiting(struct fact_container *c, const struct wire_field *message)
{
	struct wire		 w;
	struct wire_field	 f;
	bool			 valid = true;
	int			 more = 0;

	wire_open(&w, message->bytes.p, message->bytes.len);
	while (valid && (more = wire_next(&w, &f)) == 1)
		if (f.number == WAITING_REASON)
			valid = wire_text(&f, &c->waiting_reason);
		else if (f.number == WAITING_MESSAGE)
			valid = wire_text(&f, &c->waiting_message);
	return (valid && more == 0);
}

static bool
read_ended(struct fact_ended *e, const struct wire_field *message)
{
	struct wire		 w;
	struct wire_field	 f;
	bool			 valid = true;
	int			 more = 0;

	e->there = true;
	wire_open(&w, message->bytes.p, message->bytes.len);
	while (valid && (more = wire_next(&w, &f)) == 1)
		if (f.number == TERMINATED_EXIT_CODE)
			e->exit_code = facts_number((int64_t)f.value);
		else if (f.number == TERMINATED_REASON)
			valid = wire_text(&f, &e->reason);
	return (valid && more == 0);
}

/* A ContainerState; of the last one only how it ended matters. */
static bool
read_state(struct fact_container *c, const struct wire_field *message,
    struct fact_ended *ended, bool waiting)
{
	struct wire		 w;
	struct wire_field	 f;
	bool			 valid = true;
	int			 more = 0;

	if (message->bytes.p == NULL)
		return (true);
	wire_open(&w, message->bytes.p, message->bytes.len);
	while (valid && (more = wire_next(&w, &f)) == 1)
		if (f.bytes.p == NULL)
			continue;
		else if (f.number == STATE_WAITING && waiting)
			valid = read_waiting(c, &f);
		else if (f.number == STATE_TERMINATED)
			valid = read_ended(ended, &f);
	return (valid && more == 0);
}

static bool
read_container(struct facts *f, const struct wire_field *message, bool init)
{
	struct fact_container	 c = { 0 };
	struct wire		 w;
	struct wire_field	 field;
	bool			 valid = true;
	int			 more = 0;

	if (message->bytes.p == NULL)
		return (true);
	wire_open(&w, message->bytes.p, message->bytes.len);
	while (valid && (more = wire_next(&w, &field)) == 1)
		switch (field.number) {
		case CONTAINER_NAME:
			valid = wire_text(&field, &c.name);
			break;
		case CONTAINER_STATE:
			valid = read_state(&c, &field, &c.ended, true);
			break;
		case CONTAINER_LAST_STATE:
			valid = read_state(&c, &field, &c.last, false);
			break;
		case CONTAINER_READY:
			c.ready = field.value != 0;
			break;
		case CONTAINER_RESTARTS:
			c.restarts = facts_number((int64_t)field.value);
			break;
		case CONTAINER_IMAGE:
			valid = wire_text(&field, &c.image);
			break;
		}
	if (!valid || more == -1)
		return (false);
	facts_container(f, &c, init);
	return (true);
}

bool
wire_pod_status(struct facts *f, const struct wire_field *field,
    enum resource r)
{
	switch (field->number) {
	case POD_PHASE:
		return (wire_text(field, &f->phase));
	case POD_CONDITIONS:
		return (wire_condition(f, field, r));
	case POD_MESSAGE:
		return (wire_text(field, &f->message));
	case POD_REASON:
		return (wire_text(field, &f->reason));
	case POD_START_TIME:
		return (wire_time(field, &f->started));
	case POD_CONTAINERS:
		return (read_container(f, field, false));
	case POD_INIT_CONTAINERS:
		return (read_container(f, field, true));
	}
	return (true);
}
