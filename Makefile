# Kanata.  `make` builds; `make demo` and `make check` do everything on a fresh
# Debian 12, packages included.  SAN=1 makes the build with ASan and UBSan.

PREFIX ?=	/usr/local
SYSCONFDIR ?=	/etc
STATEDIR ?=	/var/lib/kanata
RUNDIR ?=	/run/kanata
MANDIR ?=	$(PREFIX)/share/man
UNITDIR ?=	$(PREFIX)/lib/systemd/system
DOCDIR ?=	$(PREFIX)/share/doc/kanata
SYSUSERSDIR ?=	$(PREFIX)/lib/sysusers.d
TMPFILESDIR ?=	$(PREFIX)/lib/tmpfiles.d
BASHDIR ?=	$(PREFIX)/share/bash-completion/completions
ZSHDIR ?=	$(PREFIX)/share/zsh/site-functions
DESTDIR ?=

CC ?=		cc
PYTHON ?=	/usr/bin/python3
ifdef SAN
B ?=		build/san
CC :=		clang
SANFLAGS =	-fsanitize=address,undefined -fno-sanitize-recover=undefined \
		-fno-omit-frame-pointer -fsanitize=fuzzer-no-link \
		-DCAGE_SANITIZER
OPT ?=		-O1 -g
else
B ?=		build
OPT ?=		-O2 -g
FORTIFY =	-D_FORTIFY_SOURCE=2
endif

WARN =		-Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow \
		-Wpointer-arith -Wcast-qual -Wsign-compare -Wvla -Wformat=2 \
		-Wno-missing-field-initializers
ifdef WERROR
WARN +=		-Werror
endif
HARDEN =	$(FORTIFY) -fstack-protector-strong -fPIE -fcf-protection
# Where it was built is not in what was built.
SAME =		-ffile-prefix-map=$(CURDIR)=.
CPPFLAGS +=	-D_GNU_SOURCE -I$(B)
CFLAGS +=	-std=gnu11 $(OPT) $(WARN) $(HARDEN) $(SAME) $(SANFLAGS)
LDFLAGS +=	-pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANFLAGS)

# What each executable is made of.
common =	common/role.c common/log.c common/xmalloc.c common/message.c \
		common/datagram.c common/channel.c common/health.c common/show.c \
		common/template.c common/conf.c common/conf_message.c \
		common/secret.c common/cage.c common/landlock.c
worker =	$(common) common/clock.c common/usage.c common/worker.c
http =		common/http.c common/http_server.c common/http_transfer.c \
		common/http_multi.c common/json_values.c

kanatad_SRCS =	$(common) common/usage.c common/clock.c common/duration.c common/lines.c \
		kanatad/main.c kanatad/supervise.c kanatad/restart.c \
		kanatad/child.c kanatad/setup.c \
		kanatad/parse.c kanatad/access.c kanatad/proxy.c \
		kanatad/address.c kanatad/value.c kanatad/run.c \
		kanatad/configure.c kanatad/control.c kanatad/control_order.c \
		kanatad/control_show.c \
		kanatad/options.c \
		kanatad/print.c kanatad/list.c kanatad/notify.c kanatad/drop.c \
		kanatad/layout.c kanatad/replay.c kanatad/create_user.c \
		common/users.c
kanatad_LIBS =	-lcrypt -levent_core -lmsgpackc -lseccomp -lbsd

parsing =	common/duration.c common/selector.c kanatad/yaml.c \
		kanatad/value.c kanatad/address.c \
		kanatad/parsed.c kanatad/key.c kanatad/grammar.c \
		kanatad/etcd.c kanatad/web.c kanatad/cluster.c \
		kanatad/component.c kanatad/texts.c \
		kanatad/kubeconfig.c kanatad/kubeuser.c kanatad/kubeexec.c \
		kanatad/json.c kanatad/proxy.c common/plugin.c \
		kanatad/users.c common/users.c

kanata-parser_SRCS = $(common) common/message_io.c common/serve.c \
		$(parsing) \
		kanatad/parser.c kanatad/secretfd.c
kanata-parser_LIBS = -lyaml -levent_core -lmsgpackc -lseccomp -lbsd

kanata-dialer_SRCS = $(worker) dialer/main.c dialer/dial.c dialer/resolve.c \
		dialer/listen.c
kanata-dialer_LIBS = -levent_core -levent_extra -lmsgpackc -lseccomp -lbsd

decoding =	watcher/table.c common/timestamp.c common/selector.c \
		watcher/resource.c watcher/facts.c watcher/object.c \
		watcher/object_pod.c watcher/object_json.c \
		watcher/object_wire.c watcher/object_wire_pod.c \
		watcher/wire.c
objects =	$(decoding) watcher/objects.c watcher/objects_node.c \
		watcher/objects_pod.c watcher/objects_select.c
judging =	watcher/health.c watcher/health_tally.c watcher/health_merge.c
components =	$(objects) $(judging) watcher/gather.c watcher/crowd.c \
		watcher/component.c watcher/component_conf.c \
		watcher/show_pods.c watcher/follow.c
streams =	watcher/stream.c watcher/stream_fail.c \
		watcher/stream_request.c watcher/stream_read.c \
		watcher/stream_json.c watcher/stream_wire.c watcher/splitter.c \
		watcher/frame.c watcher/backoff.c
kanata-watcher_SRCS = $(worker) $(http) $(components) $(streams) \
		watcher/main.c watcher/cluster.c watcher/streams.c \
		watcher/credential.c watcher/pem.c \
		watcher/renew.c watcher/execcred.c watcher/server.c \
		watcher/feed.c
kanata-watcher_LIBS = -lcurl -lssl -lcrypto -levent_core -ljansson -lprotobuf-nanopb \
		-lmsgpackc -lseccomp -lbsd

incidents =	notifier/incident.c notifier/rules.c notifier/debounce.c \
		notifier/heard.c notifier/plan.c notifier/agenda.c \
		notifier/assign.c notifier/step.c notifier/outcome.c \
		notifier/shown.c notifier/record.c notifier/member.c \
		common/json_text.c \
		notifier/text.c notifier/expand.c notifier/view.c \
		common/timestamp.c notifier/order.c notifier/lookup.c \
		notifier/explain.c common/duration.c
history =	notifier/history.c notifier/days.c
kanata-notifier_SRCS = $(worker) $(http) $(incidents) \
		notifier/main.c notifier/api.c notifier/api_reply.c \
		notifier/access.c notifier/gate.c \
		notifier/instatus.c notifier/page.c notifier/page_read.c \
		notifier/post.c \
		notifier/post_incident.c notifier/post_observe.c \
		notifier/persist.c notifier/show.c notifier/feed.c \
		notifier/share.c notifier/operator.c notifier/journal.c \
		notifier/show_explain.c \
		$(history) \
		notifier/tap.c $(recording)
kanata-notifier_LIBS = -lcurl -lssl -levent_core -ljansson -lmsgpackc -lseccomp -lbsd

recording =	notifier/row.c notifier/recording.c
kanata-replay_SRCS = $(common) common/message_io.c common/serve.c \
		$(incidents) $(recording) \
		notifier/replay_main.c notifier/replay.c notifier/replay_page.c
kanata-replay_LIBS = -ljansson -levent_core -lmsgpackc -lseccomp -lbsd

kanata-store_SRCS = $(worker) $(http) \
		store/main.c store/state.c store/embedded.c store/etcd.c \
		store/etcd_call.c store/etcd_elect.c store/etcd_write.c \
		store/etcd_json.c store/etcd_leader.c store/etcd_pull.c store/etcd_reply.c \
		store/etcd_say.c store/etcd_shared.c store/etcd_watch.c
kanata-store_LIBS = -lcurl -lssl -levent_core -ljansson -llmdb -lmsgpackc -lseccomp -lbsd

kanata-runner_SRCS = $(worker) common/lines.c common/plugin.c \
		runner/main.c runner/run.c runner/prepare.c
kanata-runner_LIBS = -levent_core -lmsgpackc -lseccomp -lbsd

kanata-web_SRCS = $(worker) web/main.c web/server.c web/request.c web/route.c web/admit.c \
		web/tls.c web/probe.c web/rest.c web/mirror.c web/rows.c \
		web/json.c web/metrics.c web/pod.c web/pods.c web/podwatch.c \
		common/duration.c common/json_text.c common/users.c \
		web/accounts.c web/sessions.c web/throttle.c web/html.c \
		web/admin.c web/login.c web/dashboard.c web/live.c \
		web/operate.c web/panel.c web/panel_component.c web/assets.c
kanata-web_LIBS = -lcrypt -levent_core -levent_extra -levent_openssl -lssl -lcrypto \
		-ljansson -lmsgpackc -lseccomp -lbsd

kanatactl_SRCS = common/role.c common/log.c common/xmalloc.c \
		common/message.c common/datagram.c common/message_io.c \
		common/health.c common/show.c common/conf.c common/cage.c \
		common/landlock.c common/duration.c common/json_text.c \
		kanatactl/main.c kanatactl/command.c kanatactl/show.c \
		kanatactl/show_order.c kanatactl/record.c
kanatactl_LIBS = -ljansson -lmsgpackc -lseccomp -lbsd

SBIN =		$(B)/sbin/kanatad
BIN =		$(B)/bin/kanatactl
LIBEXEC =	$(addprefix $(B)/libexec/kanata/,kanata-parser kanata-dialer \
		kanata-watcher kanata-notifier kanata-store \
		kanata-runner kanata-web kanata-replay)
MAN5 =		kanata.conf.5
MAN7 =		man/kanata-compat.7
MAN8 =		man/kanatad.8 man/kanatactl.8
DOCS =		README CHANGES LICENSE etc/kanata.conf etc/kanata-openapi.yaml \
		etc/prometheus/kanata.rules.yml etc/grafana/kanata.json

# The tree below $(B) is laid out as an installed one, so that it runs in place.
all: $(SBIN) $(BIN) $(LIBEXEC)

define program
$(2): $(patsubst %.c,$(B)/obj/%.o,$($(1)_SRCS))
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ $($(1)_LIBS)
OBJS += $(patsubst %.c,$(B)/obj/%.o,$($(1)_SRCS))
endef
$(foreach p,$(SBIN) $(BIN) $(LIBEXEC),$(eval $(call program,$(notdir $(p)),$(p))))

$(B)/obj/%.o: %.c | $(B)/paths.h $(B)/build.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# What .incbin takes in, no compiler tells.
$(B)/obj/web/assets.o: $(wildcard web/assets/*)

# Default paths; only touched when they change.
$(B)/paths.h: FORCE
	@mkdir -p $(@D)
	@printf '#define PATH_CONF "%s/kanata/kanata.conf"\n#define PATH_STATE "%s"\n#define PATH_RUN "%s"\n' \
	    "$(SYSCONFDIR)" "$(STATEDIR)" "$(RUNDIR)" > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
FORCE:

# The commit and its date, or SOURCE_DATE_EPOCH: the same source makes the same
# program.
COMMIT ?=	$(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
EPOCH =		$(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null || \
		stat -c %Y Makefile))
$(B)/build.h: FORCE
	@mkdir -p $(@D)
	@printf '#define BUILD_COMMIT "%s"\n#define BUILD_DATE "%s"\n' \
	    "$(COMMIT)" "$$(date -u -d @$(EPOCH) +%Y-%m-%d)" > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# Unit tests: regress/unit/<name>.c and the sources that it tests.
unit_message_LIBS = -levent_core -lmsgpackc -lseccomp -lbsd
UNIT =		message channel conf log
unit_message_SRCS = $(common)
unit_channel_SRCS = $(common)
unit_channel_LIBS = $(unit_message_LIBS)
unit_conf_SRCS = $(common)
unit_conf_LIBS = $(unit_message_LIBS)
unit_log_SRCS =	common/log.c
unit_log_LIBS =	-lbsd
UNIT +=		layout
unit_layout_SRCS = common/log.c kanatad/layout.c
unit_layout_LIBS = -ljansson -lbsd
UNIT +=		value yaml grammar grammar_bad kubeconfig
unit_value_SRCS = $(common) common/duration.c kanatad/value.c kanatad/address.c
unit_value_LIBS = $(unit_message_LIBS)
unit_yaml_SRCS = $(common) kanatad/yaml.c
unit_yaml_LIBS = $(kanata-parser_LIBS)
unit_grammar_SRCS = $(common) $(parsing) regress/unit/grammar_read.c \
		regress/unit/parsed_asserts.c
unit_grammar_LIBS = $(kanata-parser_LIBS)
unit_grammar_bad_SRCS = $(unit_grammar_SRCS)
unit_grammar_bad_LIBS = $(kanata-parser_LIBS)
unit_kubeconfig_SRCS = $(common) $(parsing) regress/unit/parsed_asserts.c
unit_kubeconfig_LIBS = $(kanata-parser_LIBS)
UNIT +=		restart
unit_restart_SRCS = kanatad/restart.c
UNIT +=		lines json_values usage
unit_json_values_SRCS = common/json_values.c
unit_usage_SRCS = common/usage.c
unit_lines_SRCS = common/log.c common/lines.c
unit_lines_LIBS = -levent_core -lbsd
UNIT +=		plugin proxy
unit_plugin_SRCS = common/log.c common/plugin.c
unit_plugin_LIBS = -lbsd
unit_proxy_SRCS = common/log.c kanatad/proxy.c kanatad/address.c kanatad/value.c
unit_proxy_LIBS = -lbsd

UNIT +=		etcd lmdb
unit_etcd_SRCS = $(common) common/json_values.c store/etcd_json.c \
		store/etcd_reply.c store/state.c
unit_etcd_LIBS = -ljansson $(unit_message_LIBS)
unit_lmdb_SRCS = $(common) store/embedded.c store/state.c
unit_lmdb_LIBS = -llmdb $(unit_message_LIBS)

UNIT +=		incident incident_property incident_exact incident_edges \
		incident_answers incident_trouble incident_publish order order_explain \
		order_property history instatus text
unit_instatus_SRCS = $(common) common/json_values.c $(incidents) \
		notifier/instatus.c notifier/gate.c
unit_instatus_LIBS = -ljansson $(unit_message_LIBS)
unit_incident_SRCS = $(common) $(incidents) $(recording) \
		regress/unit/model.c regress/unit/model_flight.c \
		regress/unit/model_page.c regress/unit/shrink.c
unit_incident_LIBS = -ljansson $(unit_message_LIBS)
unit_history_SRCS = $(common) common/json_values.c $(history) $(incidents)
unit_history_LIBS = -ljansson $(unit_message_LIBS)
UNIT +=		room
unit_room_SRCS = $(unit_history_SRCS) store/state.c
unit_room_LIBS = $(unit_history_LIBS)
unit_order_SRCS = $(unit_incident_SRCS)
unit_order_LIBS = $(unit_incident_LIBS)
unit_order_explain_SRCS = $(unit_incident_SRCS)
unit_order_explain_LIBS = $(unit_incident_LIBS)
unit_order_property_SRCS = $(unit_incident_SRCS)
unit_order_property_LIBS = $(unit_incident_LIBS)
unit_text_SRCS = $(unit_incident_SRCS)
unit_text_LIBS = $(unit_incident_LIBS)
unit_incident_property_SRCS = $(unit_incident_SRCS)
unit_incident_property_LIBS = $(unit_incident_LIBS)
unit_incident_exact_SRCS = $(unit_incident_SRCS)
unit_incident_exact_LIBS = $(unit_incident_LIBS)
unit_incident_edges_SRCS = $(unit_incident_SRCS)
unit_incident_edges_LIBS = $(unit_incident_LIBS)
unit_incident_answers_SRCS = $(unit_incident_SRCS)
unit_incident_answers_LIBS = $(unit_incident_LIBS)
unit_incident_trouble_SRCS = $(unit_incident_SRCS)
unit_incident_trouble_LIBS = $(unit_incident_LIBS)
unit_incident_publish_SRCS = $(unit_incident_SRCS)
unit_incident_publish_LIBS = $(unit_incident_LIBS)

UNIT +=		recording
unit_recording_SRCS = $(common) $(incidents) $(recording)
unit_recording_LIBS = -ljansson $(unit_message_LIBS)

UNIT +=		timestamp selector splitter health health_merge
unit_timestamp_SRCS = common/timestamp.c
unit_selector_SRCS = common/log.c common/selector.c
unit_selector_LIBS = -lbsd
unit_splitter_SRCS = common/log.c watcher/splitter.c
unit_splitter_LIBS = -lbsd
unit_health_SRCS = common/health.c $(judging)
unit_health_merge_SRCS = $(unit_health_SRCS)
UNIT +=		health_property
unit_health_property_SRCS = $(common) $(judging) regress/unit/shrink.c
unit_health_property_LIBS = $(unit_message_LIBS)
UNIT +=		object
unit_object_SRCS = common/log.c common/health.c $(decoding)
unit_object_LIBS = -ljansson -lprotobuf-nanopb -lbsd
UNIT +=		wire frame
unit_wire_SRCS = $(unit_object_SRCS) watcher/splitter.c watcher/frame.c
unit_wire_LIBS = $(unit_object_LIBS)
unit_frame_SRCS = common/log.c watcher/frame.c
unit_frame_LIBS = -lbsd
UNIT +=		component
unit_component_SRCS = $(common) $(components)
unit_component_LIBS = -ljansson -lprotobuf-nanopb $(unit_message_LIBS)
UNIT +=		stream stream_kept streaming
unit_streaming_SRCS = $(common) common/json_values.c $(objects) $(streams) \
		regress/unit/stream_stage.c
unit_stream_SRCS = $(unit_streaming_SRCS) regress/unit/stream_talk.c
unit_stream_LIBS = $(unit_component_LIBS)
unit_stream_kept_SRCS = $(unit_stream_SRCS)
unit_stream_kept_LIBS = $(unit_stream_LIBS)
unit_streaming_LIBS = $(unit_stream_LIBS)

UNIT +=		users sessions throttle html
unit_users_SRCS = $(common) $(parsing)
unit_users_LIBS = $(kanata-parser_LIBS)
unit_sessions_SRCS = common/log.c web/sessions.c
unit_sessions_LIBS = -lcrypto -lbsd
unit_throttle_SRCS = web/throttle.c
unit_html_SRCS = common/log.c web/html.c
unit_html_LIBS = -ljansson -levent_core -lbsd
UNIT +=		probe
unit_probe_SRCS = common/log.c web/probe.c
unit_probe_LIBS = -levent_core -lbsd

UNIT +=		table
unit_table_SRCS = common/log.c watcher/table.c
unit_table_LIBS = -lbsd

UNIT +=		execcred renew
unit_execcred_SRCS = common/log.c watcher/execcred.c common/timestamp.c
unit_execcred_LIBS = -ljansson -lbsd
unit_renew_SRCS = $(unit_execcred_SRCS) watcher/renew.c
unit_renew_LIBS = -levent_core $(unit_execcred_LIBS)

define unit
$(B)/unit/$(1): $(patsubst %.c,$(B)/obj/%.o,regress/unit/$(1).c $(unit_$(1)_SRCS))
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ -lcmocka $(unit_$(1)_LIBS)
OBJS += $(patsubst %.c,$(B)/obj/%.o,regress/unit/$(1).c $(unit_$(1)_SRCS))
endef
$(foreach u,$(UNIT),$(eval $(call unit,$(u))))
unit: $(addprefix $(B)/unit/,$(UNIT))

# Process tests: regress/proc/<name>.c starts real workers and is their parent.
child =		common/message_io.c regress/proc/child.c
PROC =		dialer http http_tls http_kept
proc_dialer_SRCS = $(common) $(child)
proc_dialer_LIBS = -levent_core -lmsgpackc -lseccomp -lbsd
proc_dialer_NEEDS = $(B)/libexec/kanata/kanata-dialer
proc_http_SRCS = common/clock.c $(common) $(http) $(child) \
		regress/proc/http_stage.c
proc_http_LIBS = -lcurl -lssl -levent_core -lmsgpackc -lseccomp -lbsd
proc_http_NEEDS = $(proc_dialer_NEEDS)
proc_http_tls_SRCS = $(proc_http_SRCS)
proc_http_tls_LIBS = $(proc_http_LIBS)
proc_http_tls_NEEDS = $(proc_http_NEEDS)
proc_http_kept_SRCS = $(proc_http_SRCS)
proc_http_kept_LIBS = $(proc_http_LIBS)
proc_http_kept_NEEDS = $(proc_http_NEEDS)

PROC +=		store store_faults store_leader store_shared
store_ends =	$(common) $(child) regress/proc/server.c regress/proc/store_ends.c
proc_store_SRCS = $(store_ends)
proc_store_LIBS = $(unit_message_LIBS)
proc_store_NEEDS = $(B)/libexec/kanata/kanata-store
proc_store_faults_SRCS = $(store_ends)
proc_store_faults_LIBS = $(unit_message_LIBS)
proc_store_faults_NEEDS = $(proc_store_NEEDS)
proc_store_leader_SRCS = $(store_ends) common/clock.c
proc_store_leader_LIBS = $(unit_message_LIBS)
proc_store_leader_NEEDS = $(proc_store_NEEDS)
proc_store_shared_SRCS = $(store_ends)
proc_store_shared_LIBS = $(unit_message_LIBS)
proc_store_shared_NEEDS = $(proc_store_NEEDS)

PROC +=		notifier
proc_notifier_SRCS = $(common) $(child) regress/proc/notifier_ends.c \
		regress/proc/notifier_page.c
proc_notifier_LIBS = -ljansson $(unit_message_LIBS)
proc_notifier_NEEDS = $(B)/libexec/kanata/kanata-notifier

PROC +=		runner
proc_runner_SRCS = $(common) $(child) common/plugin.c
proc_runner_LIBS = $(unit_message_LIBS)
proc_runner_NEEDS = $(B)/libexec/kanata/kanata-runner

PROC +=		parser
proc_parser_SRCS = $(common) $(child) common/plugin.c
proc_parser_LIBS = $(unit_message_LIBS)
proc_parser_NEEDS = $(B)/libexec/kanata/kanata-parser

PROC +=		watcher watcher_show
proc_watcher_SRCS = $(common) $(child) regress/proc/server.c \
		regress/proc/watcher_stage.c
proc_watcher_LIBS = $(unit_message_LIBS)
proc_watcher_NEEDS = $(B)/libexec/kanata/kanata-watcher $(proc_dialer_NEEDS)
proc_watcher_show_SRCS = $(proc_watcher_SRCS)
proc_watcher_show_LIBS = $(proc_watcher_LIBS)
proc_watcher_show_NEEDS = $(proc_watcher_NEEDS)

PROC +=		web web_clients
proc_web_SRCS =	$(common) $(child) regress/proc/server.c regress/proc/web_ends.c
proc_web_LIBS =	$(unit_message_LIBS)
proc_web_NEEDS = $(B)/libexec/kanata/kanata-web
proc_web_clients_SRCS = $(proc_web_SRCS)
proc_web_clients_LIBS = $(proc_web_LIBS)
proc_web_clients_NEEDS = $(proc_web_NEEDS)

define proc
$(B)/proc/$(1): $(patsubst %.c,$(B)/obj/%.o,regress/proc/$(1).c $(proc_$(1)_SRCS)) | $(proc_$(1)_NEEDS)
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ -lcmocka $(proc_$(1)_LIBS)
OBJS += $(patsubst %.c,$(B)/obj/%.o,regress/proc/$(1).c $(proc_$(1)_SRCS))
endef
$(foreach p,$(PROC),$(eval $(call proc,$(p))))
proc: $(addprefix $(B)/proc/,$(PROC))

# libFuzzer targets, with SAN=1 only: regress/fuzz/<name>.c.  With the seeds of
# regress/fuzz/seeds/<name> as arguments they only replay them.
FUZZ =		message config kubeconfig execcred
fuzz_execcred_SRCS = $(unit_execcred_SRCS)
fuzz_execcred_LIBS = $(unit_execcred_LIBS)
fuzz_message_SRCS = $(common)
fuzz_message_LIBS = $(unit_message_LIBS)
fuzz_config_SRCS = $(common) $(parsing)
fuzz_config_LIBS = $(kanata-parser_LIBS)
fuzz_kubeconfig_SRCS = $(common) $(parsing)
fuzz_kubeconfig_LIBS = $(kanata-parser_LIBS)
FUZZ +=		recording
fuzz_recording_SRCS = $(common) $(incidents) $(recording) notifier/replay.c \
		notifier/replay_page.c
fuzz_recording_LIBS = -ljansson $(unit_message_LIBS)
FUZZ +=		selector plugin address
fuzz_selector_SRCS = $(unit_selector_SRCS)
fuzz_selector_LIBS = $(unit_selector_LIBS)
fuzz_plugin_SRCS = $(unit_plugin_SRCS)
fuzz_plugin_LIBS = $(unit_plugin_LIBS)
fuzz_address_SRCS = $(unit_proxy_SRCS) common/duration.c
fuzz_address_LIBS = $(unit_proxy_LIBS)
FUZZ +=		instatus record etcd
fuzz_instatus_SRCS = $(unit_instatus_SRCS)
fuzz_instatus_LIBS = $(unit_instatus_LIBS)
fuzz_record_SRCS = $(common) common/json_values.c $(history) $(incidents)
fuzz_record_LIBS = $(unit_instatus_LIBS)
fuzz_etcd_SRCS = $(unit_etcd_SRCS)
fuzz_etcd_LIBS = $(unit_etcd_LIBS)
FUZZ +=		template protobuf frame json
fuzz_template_SRCS = $(common) $(incidents)
fuzz_template_LIBS = $(unit_instatus_LIBS)
fuzz_protobuf_SRCS = $(unit_object_SRCS)
fuzz_protobuf_LIBS = $(unit_object_LIBS)
fuzz_frame_SRCS = $(unit_frame_SRCS) regress/fuzz/pieces.c
fuzz_frame_LIBS = $(unit_frame_LIBS)
fuzz_json_SRCS = $(unit_object_SRCS) watcher/splitter.c regress/fuzz/pieces.c
fuzz_json_LIBS = $(unit_object_LIBS)

FUZZ +=		http
fuzz_http_SRCS = $(filter-out web/main.c common/usage.c \
		common/worker.c,$(kanata-web_SRCS))
fuzz_http_LIBS = $(kanata-web_LIBS)

define fuzz
$(B)/fuzz/$(1): $(patsubst %.c,$(B)/obj/%.o,regress/fuzz/$(1).c $(fuzz_$(1)_SRCS))
	@mkdir -p $$(@D)
	$$(CC) $$(LDFLAGS) -fsanitize=fuzzer -o $$@ $$^ $(fuzz_$(1)_LIBS)
OBJS += $(B)/obj/regress/fuzz/$(1).o
endef
$(foreach f,$(FUZZ),$(eval $(call fuzz,$(f))))
fuzz: $(addprefix $(B)/fuzz/,$(FUZZ))

# Measured by `make bench`.
$(B)/bench/core: $(patsubst %.c,$(B)/obj/%.o,regress/bench/core.c $(common) \
		$(incidents))
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -ljansson $(unit_message_LIBS)
OBJS += $(B)/obj/regress/bench/core.o

# Each forbidden call of each role; never with the sanitizers, which call too much.
$(B)/sandbox/cage: $(patsubst %.c,$(B)/obj/%.o,regress/sandbox/cage.c $(common))
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(unit_message_LIBS)
OBJS += $(B)/obj/regress/sandbox/cage.o
sandbox: $(B)/sandbox/cage

# A newcomer's two commands: each installs what it needs, builds and runs.
demo:
	@regress/setup build
	@$(MAKE) --no-print-directory -s all
	@regress/demo --build $(B) $(if $(KEEP),--keep)

TESTS ?=	doc unit proc config replay sandbox fuzz sim package system
check:
	@regress/setup check
	$(MAKE) --no-print-directory -s WERROR=1 all sandbox proc
	$(MAKE) --no-print-directory -s WERROR=1 SAN=1 all unit proc fuzz
	@$(MAKE) --no-print-directory -s lint
	@# The whole tree with the sanitizers, which look for leaks at its end.
	@regress/run --build $(B)/san -k 'system/reload/*' system
	@regress/run --build $(B) --san-build $(B)/san $(TESTS)

# Accidents by the hundred, with each store and with several daemons: a quarter of
# an hour and more for each of CHAOS, by default embedded etcd1 etcd3 two three.
# KANATA_CHAOS_KILLS, KANATA_CHAOS_SECONDS, KANATA_CHAOS_SEED, KANATA_CHAOS_LOG.
chaos:
	@regress/setup check
	@$(MAKE) --no-print-directory -s all
	@REGRESS_BUILD=$(abspath $(B)) $(PYTHON) regress/system/chaos.py $(CHAOS)

# Figures: never passed or failed by time.
bench:
	@regress/setup check
	@$(MAKE) --no-print-directory -s all $(B)/bench/core
	@regress/bench/run --build $(B)

# The bounded soak of `make check`, for longer, and once more against a real API
# server if there is one (KUBEBUILDER_ASSETS).
SOAK_SECONDS ?=	600
soak: all
	@REGRESS_BUILD=$(abspath $(B)) regress/system/soak.py --seconds $(SOAK_SECONDS)
	@$(if $(KUBEBUILDER_ASSETS),REGRESS_BUILD=$(abspath $(B)) \
	    regress/system/soak.py --real --seconds $(SOAK_SECONDS),:)

# cppcheck 2.10 takes what a TAILQ holds for uninitialised, and does not know that
# fatal() ends; the compilers and the sanitizers look after both.
lint:
	@cppcheck -q -j2 --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,portability,performance --library=posix \
	    --suppress=uninitvar --suppress=uninitStructMember \
	    --suppress=memleakOnRealloc --suppress=returnDanglingLifetime \
	    --suppress=getgrnamCalled --suppress=getpwnamCalled \
	    --include=/usr/include/bsd/sys/queue.h \
	    --include=/usr/include/bsd/sys/tree.h \
	    --suppress=missingIncludeSystem -D_GNU_SOURCE \
	    common kanatad dialer watcher notifier store runner web kanatactl

FILL =		sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@STATEDIR@,$(STATEDIR),' \
		-e 's,@RUNDIR@,$(RUNDIR),' -e 's,@SYSCONFDIR@,$(SYSCONFDIR),'

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin \
	    $(DESTDIR)$(PREFIX)/libexec/kanata $(DESTDIR)$(MANDIR)/man5 \
	    $(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(MANDIR)/man8 \
	    $(DESTDIR)$(SYSCONFDIR)/kanata \
	    $(DESTDIR)$(UNITDIR) $(DESTDIR)$(DOCDIR) \
	    $(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(TMPFILESDIR) \
	    $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR)
	install -m 755 $(SBIN) $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(BIN) $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(LIBEXEC) $(DESTDIR)$(PREFIX)/libexec/kanata
	install -m 644 $(MAN5) $(DESTDIR)$(MANDIR)/man5
	install -m 644 $(MAN7) $(DESTDIR)$(MANDIR)/man7
	install -m 644 $(MAN8) $(DESTDIR)$(MANDIR)/man8
	install -m 644 $(DOCS) $(DESTDIR)$(DOCDIR)
	install -m 644 etc/completion/kanatactl.bash \
	    $(DESTDIR)$(BASHDIR)/kanatactl
	install -m 644 etc/completion/_kanatactl $(DESTDIR)$(ZSHDIR)
	$(FILL) etc/kanatad.service.in > $(DESTDIR)$(UNITDIR)/kanatad.service
	$(FILL) etc/sysusers.conf.in > $(DESTDIR)$(SYSUSERSDIR)/kanata.conf
	$(FILL) etc/tmpfiles.conf.in > $(DESTDIR)$(TMPFILESDIR)/kanata.conf
	chmod 644 $(DESTDIR)$(UNITDIR)/kanatad.service \
	    $(DESTDIR)$(SYSUSERSDIR)/kanata.conf \
	    $(DESTDIR)$(TMPFILESDIR)/kanata.conf

# build/kanata_VERSION_ARCH.deb, from a copy of the source.
VERSION :=	$(shell sed -n 's/.*KANATA_VERSION\t"\(.*\)"/\1/p' common/version.h)
SOURCE =	$(filter-out build,$(wildcard *))
DEB ?=		build/deb
deb:
	@regress/setup deb
	@rm -rf $(DEB)
	@mkdir -p $(DEB)/kanata
	@cp -R $(SOURCE) $(DEB)/kanata
	@cp -R etc/debian $(DEB)/kanata
	cd $(DEB)/kanata && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL \
	    dpkg-buildpackage -us -uc -b

# build/image, an OCI layout; skopeo(1) copies it to where it is wanted.
IMAGE ?=	build/image
image:
	@regress/setup image
	@$(MAKE) --no-print-directory -s all
	@rm -rf $(IMAGE).tree
	@$(MAKE) --no-print-directory -s install PREFIX=/usr \
	    DESTDIR=$(abspath $(IMAGE)).tree
	@SOURCE_DATE_EPOCH=$(EPOCH) etc/image/build $(IMAGE).tree $(IMAGE) $(VERSION)
	@rm -rf $(IMAGE).tree
	@echo "$(IMAGE):$(VERSION)"

clean:
	rm -rf build

-include $(sort $(OBJS:.o=.d))
.PHONY: all unit proc sandbox fuzz demo check bench soak chaos lint install \
	deb image clean FORCE
