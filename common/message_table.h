/*
 * The whole protocol: every message there is, who may send it to whom, whether
 * a descriptor comes along, whether it may come more than once on a channel,
 * and its fields.  The enum, the names in traces and the checks before dispatch
 * are made from this table; see message.h for the wire form.
 *
 * M(name, senders, receivers, descriptor, times, fields)
 *
 * Fields are separated by blanks, each `name:type`:
 *	u	unsigned integer, 64 bit
 *	b	boolean
 *	s<n>	text of at most n bytes, no NUL
 *	x<n>	bytes, at most n
 * After a `*` the rest of the fields repeats, no time or more.
 *
 * Times are milliseconds since 1970, durations milliseconds, ports host order.
 * Enumerations travel as u and are checked by who receives them.
 */
#ifndef KANATA_MESSAGE_TABLE_H
#define KANATA_MESSAGE_TABLE_H

#define PARENT		(1U << ROLE_PARENT)
#define PARSER		(1U << ROLE_PARSER)
#define DIALER		(1U << ROLE_DIALER)
#define WATCHER		(1U << ROLE_WATCHER)
#define NOTIFIER	(1U << ROLE_NOTIFIER)
#define STORE		(1U << ROLE_STORE)
#define CTL		(1U << ROLE_CTL)
#define RUNNER		(1U << ROLE_RUNNER)
#define WEB		(1U << ROLE_WEB)
#define REPLAY		(1U << ROLE_REPLAY)
#define CLIENTS		(WATCHER | NOTIFIER | STORE)	/* who needs the dialer */
#define WORKERS		(CLIENTS | DIALER | RUNNER | WEB)

#define MESSAGE_TABLE(M)						       \
									       \
/* -- life of a worker ---------------------------------------------------- */ \
M(MSG_PROC_READY,	WORKERS | PARSER | REPLAY, PARENT, FD_NONE, ONCE,	       \
    "landlock:u")							       \
/* The cluster is that of a watcher. */					       \
M(MSG_PROC_LINK,	PARENT, WORKERS, FD_MUST, MANY,			       \
    "role:u instance:u cluster:s63")					       \
M(MSG_PROC_PING,	PARENT, WORKERS, FD_NONE, MANY, "")		       \
M(MSG_PROC_PONG,	WORKERS, PARENT, FD_NONE, MANY, "memory:u cpu:u")      \
M(MSG_PROC_HUNG,	WORKERS, PARENT, FD_NONE, MANY,			       \
    "role:u instance:u")						       \
M(MSG_PROC_VERBOSE,	PARENT, WORKERS, FD_NONE, MANY, "level:u")	       \
									       \
/* -- parsing: a file goes in, rows or one error come out ------------------ */ \
M(MSG_PARSE_CONF,	PARENT, PARSER, FD_MUST, ONCE,			       \
    "path:s1024 secret_ok:b")						       \
/* Several files are one: each comes, in order, and they are read at the last. */\
M(MSG_PARSE_KUBECONFIG,	PARENT, PARSER, FD_MUST, MANY,			       \
    "path:s1024 context:s256 last:b")					       \
/* A file with a webhook address alone; its endpoint and secret come back. */   \
M(MSG_PARSE_WEBHOOK,	PARENT, PARSER, FD_MUST, ONCE, "path:s1024")	       \
/* A file with users of the dashboard; they come back as a secret. */	       \
M(MSG_PARSE_USERS,	PARENT, PARSER, FD_MUST, ONCE, "path:s1024")	       \
M(MSG_PARSE_ERROR,	PARSER | REPLAY, PARENT, FD_NONE, ONCE,			       \
    "path:s1024 line:u column:u text:s1024")				       \
M(MSG_PARSE_WARNING,	PARSER, PARENT, FD_NONE, MANY,			       \
    "path:s1024 line:u column:u text:s1024")				       \
M(MSG_PARSE_DONE,	PARSER | REPLAY, PARENT, FD_NONE, ONCE, "")		       \
M(MSG_KUBE_SERVER,	PARSER, PARENT, FD_NONE, ONCE,			       \
    "host:s253 port:u path:s1024 tls:b tls_name:s253 insecure:b ns:s63 "       \
    "proxy_host:s253 proxy_port:u proxy_tls:b")				       \
M(MSG_KUBE_FILE,	PARSER, PARENT, FD_NONE, MANY,			       \
    "kind:u path:s1024")						       \
									       \
/* -- configuration: BEGIN, rows, END; then COMMIT or ABORT ---------------- */ \
M(MSG_CONF_BEGIN,	PARENT, WORKERS, FD_NONE, MANY,			       \
    "generation:u observe:b")						       \
M(MSG_CONF_GLOBAL,	PARENT | PARSER, PARENT | NOTIFIER | STORE | REPLAY,   \
    FD_NONE, MANY,							       \
    "instatus_url:s1024 webhook:b publish:u "				       \
    "instance:s63 store_dir:s1024 control_socket:s107 control_group:s32 "      \
    "log_verbose:b log_json:b strict:b storm:u group_wait:u replicas:u "       \
    "on_loss:u "							       \
    "rate_per_minute:u")						       \
M(MSG_CONF_CLUSTER,	PARENT | PARSER, PARENT | WATCHER, FD_NONE, MANY,      \
    "name:s63 kubeconfig:s1024 context:s256 in_cluster:s1024 path:s1024 "      \
    "tls_name:s253 insecure:b plugin:b host:s253 port:u tls:b * ns:s63")      \
M(MSG_CONF_COMPONENT,	PARENT | PARSER,				       \
    PARENT | WATCHER | NOTIFIER | REPLAY,				       \
    FD_NONE, MANY,							       \
    "id:s128 name:s255 cluster:s63 group:s63 down_after:u up_after:u "	       \
    "reopen_within:u first_ready_within:u rollout:u partial_below:u "	       \
    "escalate_after:u line:u * kind:u ns:s63 what:s1024")				       \
M(MSG_CONF_TEXT,	PARENT | PARSER, PARENT | NOTIFIER | REPLAY, FD_NONE,  \
    MANY, "component:s128 which:u text:s2048")				       \
M(MSG_CONF_ETCD,	PARENT | PARSER, PARENT | STORE, FD_NONE, MANY,	       \
    "user:s255 tls:b * host:s253 port:u tls:b")				       \
/* To the dialer: make the listening descriptor.  To the notifier: take orders of  \
 * users. */								       \
M(MSG_CONF_WEB,		PARENT | PARSER, PARENT | WEB | DIALER | NOTIFIER,     \
    FD_NONE, MANY, "host:s63 port:u tls:b users:b * name:s253")		       \
M(MSG_CONF_SECRET,	PARENT | PARSER, PARENT | CLIENTS | WEB, FD_MUST,      \
    MANY,								       \
    "kind:u")								       \
M(MSG_CONF_SECRET_FILE,	PARSER, PARENT, FD_NONE, MANY,			       \
    "kind:u path:s1024 line:u column:u")				       \
M(MSG_CONF_ENDPOINT,	PARENT | PARSER, PARENT | WORKERS, FD_NONE, MANY,      \
    "number:u role:u instance:u host:s253 port:u tls:b loopback:b")	       \
M(MSG_CONF_END,		PARENT, WORKERS, FD_NONE, MANY,			       \
    "generation:u")							       \
M(MSG_CONF_PREPARED,	WORKERS, PARENT, FD_NONE, MANY, "generation:u")	       \
M(MSG_CONF_REFUSED,	WORKERS, PARENT, FD_NONE, MANY,			       \
    "generation:u text:s1024")						       \
M(MSG_CONF_COMMIT,	PARENT, WORKERS, FD_NONE, MANY, "generation:u")	       \
M(MSG_CONF_ABORT,	PARENT, WORKERS, FD_NONE, MANY, "generation:u")	       \
M(MSG_SECRET_AGAIN,	CLIENTS, PARENT, FD_NONE, MANY, "kind:u")	       \
M(MSG_SECRET_FRESH,	PARENT, CLIENTS, FD_MAY, MANY, "kind:u")	       \
									       \
/* -- dialing -------------------------------------------------------------- */ \
M(MSG_DIAL_CONNECT,	CLIENTS, DIALER, FD_NONE, MANY, "endpoint:u")	       \
M(MSG_DIAL_CONNECTED,	DIALER, CLIENTS, FD_MUST, MANY, "endpoint:u")	       \
M(MSG_DIAL_FAILED,	DIALER, CLIENTS, FD_NONE, MANY,			       \
    "endpoint:u text:s255")						       \
/* It listens: before MSG_CONF_PREPARED.  The parent keeps the descriptor. */   \
M(MSG_DIAL_LISTENING,	DIALER, PARENT, FD_MUST, MANY, "generation:u")	       \
M(MSG_WEB_LISTEN,	PARENT, WEB, FD_MUST, MANY, "")			       \
									       \
/* -- health: watcher to notifier ------------------------------------------ */ \
M(MSG_HEALTH_BEGIN,	WATCHER, NOTIFIER, FD_NONE, MANY, "")		       \
M(MSG_HEALTH_SET,	WATCHER, NOTIFIER, FD_NONE, MANY,		       \
    "component:s128 health:u cause:u ready:u desired:u since:u paused:b "      \
    "detail:s512")							       \
M(MSG_HEALTH_END,	WATCHER, NOTIFIER, FD_NONE, MANY, "")		       \
									       \
/* -- store: notifier asks, store answers with the same id ----------------- */ \
M(MSG_STORE_LOAD,	NOTIFIER, STORE, FD_NONE, MANY, "")		       \
M(MSG_STORE_ITEM,	STORE, NOTIFIER, FD_NONE, MANY,			       \
    "key:s255 value:x32768")						       \
M(MSG_STORE_LOADED,	STORE, NOTIFIER, FD_NONE, MANY, "")		       \
M(MSG_STORE_PUT,	NOTIFIER, STORE, FD_NONE, MANY,			       \
    "key:s255 value:x32768")						       \
M(MSG_STORE_DELETE,	NOTIFIER, STORE, FD_NONE, MANY, "key:s255")	       \
M(MSG_STORE_DONE,	STORE, NOTIFIER, FD_NONE, MANY, "")		       \
M(MSG_STORE_FAILED,	STORE, NOTIFIER, FD_NONE, MANY, "text:s512")	       \
M(MSG_STORE_STATE,	STORE, NOTIFIER, FD_NONE, MANY,			       \
    "reachable:b speaks:b text:s512 until:u")				       \
/* What all replicas share, other than what stands on the page: operator/.. that \
 * any of them writes, history/.. that the leader does.  No bytes: not there.  First \
 * all of it between BEGIN and END, then each change; a PUT is answered as above. */\
M(MSG_SHARED_BEGIN,	STORE, NOTIFIER, FD_NONE, MANY, "")		       \
M(MSG_SHARED_ITEM,	STORE, NOTIFIER, FD_NONE, MANY,			       \
    "key:s255 value:x16384")						       \
M(MSG_SHARED_END,	STORE, NOTIFIER, FD_NONE, MANY, "")		       \
M(MSG_SHARED_PUT,	NOTIFIER, STORE, FD_NONE, MANY,			       \
    "key:s255 value:x16384")						       \
									       \
/* -- kanatactl and `kanatad list` ------------------------------------------ */ \
M(MSG_CTL_SHOW,		CTL, PARENT, FD_NONE, MANY, "what:u")		       \
M(MSG_CTL_RELOAD,	CTL, PARENT, FD_NONE, MANY, "")			       \
M(MSG_CTL_VERBOSE,	CTL, PARENT, FD_NONE, MANY, "level:u")		       \
M(MSG_CTL_STOP,		CTL, PARENT, FD_NONE, MANY, "")			       \
M(MSG_CTL_RECORD,	CTL, PARENT, FD_NONE, ONCE, "")			       \
M(MSG_CTL_OK,		PARENT | NOTIFIER, CTL | PARENT | WEB, FD_NONE, MANY,  \
    "text:s2048")							       \
M(MSG_CTL_FAILED,	PARENT | NOTIFIER, CTL | PARENT | WEB, FD_NONE, MANY,  \
    "text:s2048")							       \
/* Operators, answered with OK or FAILED.  duration: ms; by: who, which the parent \
 * fills in for kanatactl.  A silence of duration 0 ends now; a maintenance of \
 * duration 0 lasts until it is ended. */				       \
M(MSG_CTL_SILENCE,	CTL | PARENT | WEB, PARENT | NOTIFIER, FD_NONE, MANY,  \
    "component:s255 duration:u reason:s256 by:s64")			       \
M(MSG_CTL_MAINTENANCE,	CTL | PARENT | WEB, PARENT | NOTIFIER, FD_NONE, MANY,  \
    "start:b duration:u reason:s256 by:s64 * component:s255")		       \
/* Rows, then MSG_SHOW_END; or FAILED.  An empty component: all of them. */     \
M(MSG_CTL_EXPLAIN,	CTL | PARENT | WEB, PARENT | NOTIFIER, FD_NONE, MANY,  \
    "component:s255")							       \
M(MSG_CTL_HISTORY,	CTL | PARENT | WEB, PARENT | NOTIFIER, FD_NONE, MANY,  \
    "component:s255")							       \
M(MSG_SHOW_ASK,		PARENT, NOTIFIER | WATCHER | STORE, FD_NONE, MANY,     \
    "what:u")								       \
M(MSG_SHOW_COMPONENT,	NOTIFIER | PARENT, PARENT | CTL | WEB, FD_NONE, MANY,  \
    "id:s128 name:s255 cluster:s63 health:u cause:u ready:u desired:u "	       \
    "since:u page:u wanted:u paused:b incident:s64 detail:s512")	       \
M(MSG_SHOW_INCIDENT,	NOTIFIER | PARENT, PARENT | CTL | WEB, FD_NONE, MANY,  \
    "key:s64 id:s128 name:s255 status:u started:u resolved:u updated:u "       \
    "pending:u attempts:u again:u * component:s128 status:u pending:u")	       \
M(MSG_SHOW_SILENCE,	NOTIFIER | PARENT, PARENT | CTL | WEB, FD_NONE, MANY,  \
    "component:s128 name:s255 maintenance:b since:u until:u reason:s256 "      \
    "by:s64")								       \
M(MSG_SHOW_REASON,	NOTIFIER | PARENT, PARENT | CTL | WEB, FD_NONE, MANY,  \
    "topic:s32 at:u text:s512")						       \
M(MSG_SHOW_HISTORY,	NOTIFIER | PARENT, PARENT | CTL | WEB, FD_NONE, MANY,  \
    "time:u kind:u component:s128 name:s255 incident:s64 from:u to:u "	       \
    "text:s512")							       \
/* What stood on the page: seconds of each day (of 1970, UTC) that had other than \
 * OPERATIONAL; all is known from the first day on. */			       \
M(MSG_SHOW_DAYS,	NOTIFIER | PARENT, PARENT | CTL | WEB, FD_NONE, MANY,  \
    "component:s128 first:u * day:u maintenance:u degraded:u partial:u "       \
    "major:u")								       \
M(MSG_SHOW_LEADER,	STORE | PARENT, PARENT | CTL | WEB, FD_NONE, MANY,     \
    "leader:u host:s64 pid:u since:u left:u text:s512")			       \
M(MSG_SHOW_STATE,	NOTIFIER | STORE | WATCHER | PARENT, PARENT | CTL,     \
    FD_NONE, MANY, "name:s63 text:s512")				       \
M(MSG_SHOW_WATCH,	WATCHER | PARENT, PARENT | CTL | WEB, FD_NONE, MANY,   \
    "cluster:s63 resource:s63 ns:s63 state:s63 version:s255 objects:u "	       \
    "events:u bytes:u restarts:u last_event:u error:s512 known:b")	       \
M(MSG_SHOW_WORKER,	PARENT, CTL | WEB, FD_NONE, MANY,		       \
    "name:s80 pid:u state:s32 started:u restarts:u landlock:u "		       \
    "death:s351 memory:u cpu:u")					       \
M(MSG_SHOW_END,		NOTIFIER | STORE | WATCHER | PARENT,		       \
    PARENT | CTL | WEB, FD_NONE, MANY, "")				       \
/* For web, from the notifier: MSG_SHOW_COMPONENT, _INCIDENT, _SILENCE, _DAYS and _HISTORY \
 * of all there is, MSG_SHOW_END, then the same rows, with id 0, each time that one \
 * changes.  GONE: what (a bit of enum show) is there no more.  From a watcher: all \
 * MSG_SHOW_WATCH and MSG_SHOW_END, again when one has changed.  From the parent, \
 * unasked: the same of MSG_SHOW_WORKER. */	       \
M(MSG_FEED_ASK,		WEB, NOTIFIER | WATCHER, FD_NONE, MANY, "")	       \
M(MSG_FEED_GONE,	NOTIFIER, WEB, FD_NONE, MANY, "what:u key:s255")       \
/* A row of common/metric.h. */						       \
M(MSG_FEED_METRIC,	NOTIFIER, WEB, FD_NONE, MANY, "metric:u value:u")      \
M(MSG_LIST_ASK,		PARENT, NOTIFIER, FD_NONE, ONCE, "")		       \
M(MSG_LIST_COMPONENT,	NOTIFIER, PARENT, FD_NONE, MANY,		       \
    "page:s255 page_id:s128 name:s255 id:s128")				       \
M(MSG_LIST_FAILED,	NOTIFIER, PARENT, FD_NONE, ONCE, "text:s1024")	       \
M(MSG_LIST_END,		NOTIFIER, PARENT, FD_NONE, ONCE, "")		       \
									       \
/* -- exec plugins: what to run, sealed by the parser; then where its output goes  \
 * (not to the parent) and that it shall run now ---------------------------- */ \
M(MSG_RUN_PLUGIN,	PARENT, RUNNER, FD_MUST, MANY,			       \
    "cluster:u name:s63")						       \
M(MSG_RUN_START,	PARENT, RUNNER, FD_MUST, MANY, "cluster:u")	       \
M(MSG_RUN_ENDED,	RUNNER, PARENT, FD_NONE, MANY,			       \
    "cluster:u ok:b text:s255")						       \
									       \
/* -- pods that a watcher keeps, a part at a time: as many as whoever asked has \
 * read.  The cursor is 0 at first; one that comes back as 0 ends it. ------- */ \
M(MSG_PODS_ASK,		PARENT, WATCHER, FD_NONE, MANY, "cursor:u")	       \
M(MSG_SHOW_POD,		WATCHER | PARENT, PARENT | CTL | WEB, FD_NONE, MANY,	       \
    "cluster:s63 ns:s63 name:s253 owner_kind:u owner:s253 ready:b "	       \
    "terminating:b cause:u since:u * component:s128")			       \
M(MSG_PODS_PART,	WATCHER, PARENT | WEB, FD_NONE, MANY, "cursor:u")	       \
/* To web all of them, MSG_PODS_PART with 0, then those that change, as long as it \
 * wants to.  All have the id that it asked with.  LOST: it must ask again. */	       \
M(MSG_PODS_FOLLOW,	WEB, WATCHER, FD_NONE, MANY, "on:b")		       \
M(MSG_POD_GONE,		WATCHER, WEB, FD_NONE, MANY, "ns:s63 name:s253")       \
M(MSG_PODS_LOST,	WATCHER, WEB, FD_NONE, MANY, "")		       \
									       \
/* -- recorded histories (notifier/recording.h): lines, a part at a time, as fast as \
 * the client reads; `more` false ends it.  Replayed by a process of its own:  \
 * rows of the configuration, if its rules are to be used, then the file. ---- */ \
M(MSG_RECORD_ASK,	PARENT, NOTIFIER, FD_NONE, MANY, "more:b")	       \
M(MSG_RECORD_LINE,	NOTIFIER | PARENT, PARENT | CTL, FD_NONE, MANY,	       \
    "text:s49152")							       \
M(MSG_RECORD_PART,	NOTIFIER, PARENT, FD_NONE, MANY, "lost:b")	       \
M(MSG_REPLAY_FILE,	PARENT, REPLAY, FD_MUST, ONCE,			       \
    "path:s1024 rules:b verbose:b")					       \
M(MSG_REPLAY_LINE,	REPLAY, PARENT, FD_NONE, MANY, "text:s8192")

#endif
