/*
 * Figures that the notifier tells web of, one row for each: the enum, the names for
 * Prometheus and what is said of them come from this table.  A name that comes
 * several times, in a row, differs in its label.
 *
 * M(id, name, label, type, what it is)
 */
#ifndef KANATA_METRIC_H
#define KANATA_METRIC_H

#define METRIC_TABLE(M)							       \
M(METRIC_LEADER,	"kanata_leader", "", "gauge",			       \
    "1 if this kanatad speaks to the page.")				       \
M(METRIC_STANDBY,	"kanata_standby", "", "gauge",			       \
    "1 if another kanatad speaks, and this one would take over.")	       \
M(METRIC_STORE_REACHABLE, "kanata_store_reachable", "", "gauge",	       \
    "1 if the store, embedded or etcd, can be used.")			       \
M(METRIC_STORE_WAITING,	"kanata_store_writes_waiting", "", "gauge",	       \
    "Writes that the store has not acknowledged.")			       \
M(METRIC_PAGE_READ,	"kanata_page_read_timestamp_seconds", "", "gauge",     \
    "When the page was last read whole; 0: never.")			       \
M(METRIC_REQUESTS_OK,	"kanata_instatus_requests_total", "result=\"ok\"",     \
    "counter", "Requests to Instatus and to the webhook, by their end.")       \
M(METRIC_REQUESTS_FAILED, "kanata_instatus_requests_total",		       \
    "result=\"failed\"", "counter", "")					       \
M(METRIC_REQUESTS_UNSURE, "kanata_instatus_requests_total",		       \
    "result=\"unsure\"", "counter", "")					       \
M(METRIC_REQUESTS_LIMITED, "kanata_instatus_requests_total",		       \
    "result=\"limited\"", "counter", "")				       \
M(METRIC_REQUESTS_UNAUTHORISED, "kanata_instatus_requests_total",	       \
    "result=\"unauthorised\"", "counter", "")				       \
M(METRIC_REQUESTS_MISSING, "kanata_instatus_requests_total",		       \
    "result=\"missing\"", "counter", "")				       \
M(METRIC_REQUESTS_REFUSED, "kanata_instatus_requests_total",		       \
    "result=\"refused\"", "counter", "")				       \
M(METRIC_POSTS_DONE,	"kanata_posts_total", "result=\"done\"", "counter",    \
    "Changes of incidents, components and the webhook, by their end.")	       \
M(METRIC_POSTS_FOREIGN,	"kanata_posts_total", "result=\"foreign\"",	       \
    "counter", "")							       \
M(METRIC_POSTS_ABSENT,	"kanata_posts_total", "result=\"absent\"",	       \
    "counter", "")							       \
M(METRIC_POSTS_REFUSED,	"kanata_posts_total", "result=\"refused\"",	       \
    "counter", "")							       \
M(METRIC_POSTS_UNSURE,	"kanata_posts_total", "result=\"unsure\"",	       \
    "counter", "")							       \
M(METRIC_POSTS_RETRIED,	"kanata_post_retries_total", "", "counter",	       \
    "Changes that failed and are tried again.")

#define M(id, name, label, type, help)	id,
enum metric {
	METRIC_TABLE(M)
	METRIC_MAX
};
#undef M

#endif
