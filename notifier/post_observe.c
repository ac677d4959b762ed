/* What would be posted, were it not for --observe. */
#include "../common/log.h"
#include "post_local.h"

void
post_observe(const struct operation *op)
{
	const char *id = NULL;
	size_t n;

	switch (op->type) {
	case OP_CREATE:
		log_info("observe: would create incident \"%s\"",
		    log_safe(op->name));
		id = "observed";
		break;
	case OP_UPDATE:
		log_info("observe: would update incident %s (%s) as %s",
		    log_safe(op->instatus_id), log_safe(op->name),
		    incident_phase_name(op->phase));
		break;
	case OP_STATUS:
		log_info("observe: would show component %s (%s) as %s",
		    log_safe(op->component->id), log_safe(op->name),
		    page_status_name(op->component->status));
		break;
	case OP_WEBHOOK:
		log_info("observe: would trigger the webhook: %s",
		    op->down ? "down" : "up");
		break;
	default:
		incidents_done(core, op->id, OP_ABSENT, NULL, 0, clock_now());
		return;
	}
	if (op->type == OP_CREATE || op->type == OP_UPDATE)
		for (n = 0; n < op->ncomponent; n++)
			log_info("observe:     %s %s",
			    log_safe(op->component[n].id),
			    op->component[n].status == PAGE_STATUS_MAX ?
			    "as it is" :
			    page_status_name(op->component[n].status));
	incidents_done(core, op->id, OP_DONE, id, 0, clock_now());
}
