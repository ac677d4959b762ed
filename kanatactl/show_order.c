/* The rows of what operators ask, and of what they are told about it. */
#include <stdio.h>
#include <string.h>

#include "../common/health.h"
#include "../common/log.h"
#include "kanatactl.h"

void
show_silence(struct showing *show, struct message *m)
{
	const char *component = message_get_s(m), *name = message_get_s(m),
	    *kind = message_get_b(m) ? "maintenance" : "silence", *reason, *by;
	uint64_t since = message_get_u(m), until = message_get_u(m);

	reason = message_get_s(m);
	by = message_get_s(m);
	if (show->as_json) {
		show_append(show, "silences", json_pack(
		    "{s:o s:o s:s s:s s:s s:o s:o}", "component",
		    json_text(component), "name", json_text(name), "kind",
		    kind, "since", show_when(since), "until",
		    show_when(until), "reason", json_text(reason), "by",
		    json_text(by)));
		return;
	}
	show_heading(show, m->type, "SILENCE");
	printf("%s  %s  %s  since %s  until %s", log_safe(component),
	    name[0] == '\0' ? "-" : log_safe(name), kind, show_when(since),
	    until == 0 ? "it is ended" : show_when(until));
	if (by[0] != '\0')
		printf("  by %s", log_safe(by));
	if (reason[0] != '\0')
		printf("  \"%s\"", log_safe_long(reason));
	putchar('\n');
}

void
show_reason(struct showing *show, struct message *m)
{
	const char *topic = message_get_s(m), *text;
	uint64_t at = message_get_u(m);

	text = message_get_s(m);
	if (show->as_json) {
		show_append(show, "reasons", json_pack("{s:o s:s s:o}",
		    "topic", json_text(topic), "at", show_when(at), "text",
		    json_text(text)));
		return;
	}
	show_heading(show, m->type, "WHY");
	printf("%s: %s", log_safe(topic), log_safe_long(text));
	if (at != 0)
		printf("  %s", show_when(at));
	putchar('\n');
}

/* The array that the row belongs to: what follows an incident is its timeline. */
static void
history_append(struct showing *show, bool timeline, json_t *row)
{
	json_t *rows = json_object_get(show->document, "incidents"), *incident;
	json_t *array;

	if (!timeline) {
		show_append(show, "history", row);
		return;
	}
	incident = json_array_get(rows, json_array_size(rows) - 1);
	if ((array = json_object_get(incident, "timeline")) == NULL) {
		array = json_array();
		json_object_set_new(incident, "timeline", array);
	}
	json_array_append_new(array, row);
}

void
show_history(struct showing *show, struct message *m)
{
	uint64_t time = message_get_u(m), kind = message_get_u(m), from, to;
	const char *component = message_get_s(m), *name = message_get_s(m),
	    *incident = message_get_s(m), *text;
	bool pair = kind == HISTORY_HEALTH || kind == HISTORY_PAGE;
	bool timeline = show->last == MSG_SHOW_INCIDENT || show->as_json;

	from = message_get_u(m);
	to = message_get_u(m);
	text = message_get_s(m);
	timeline = timeline && incident[0] != '\0' &&
	    strcmp(incident, show->incident) == 0;
	if (show->as_json) {
		history_append(show, timeline, json_pack(
		    "{s:s s:s s:o s:o s:o s:s* s:s s:o}", "time",
		    show_when(time), "kind", history_name(kind), "component",
		    json_text(component), "name",
		    json_text(name), "incident", json_text(incident), "from",
		    pair ? history_word(kind, from, "-") : NULL, "to",
		    history_word(kind, to, "-"), "text", json_text(text)));
		return;
	}
	if (timeline)
		printf("    ");
	else
		show_heading(show, m->type, "HISTORY");
	printf("%s  %s", show_when(time), history_name(kind));
	if (component[0] != '\0')
		printf("  %s", log_safe(component));
	if (incident[0] != '\0')
		printf("  %s", log_safe(incident));
	if (pair)
		printf("  %s ->", history_word(kind, from, "-"));
	printf("  %s", history_word(kind, to, "-"));
	if (kind == HISTORY_INCIDENT)
		printf("  \"%s\"", log_safe(name));
	if (text[0] != '\0')
		printf("  %s", log_safe_long(text));
	putchar('\n');
}

/* 2026-11-30; one of four static buffers. */
static const char *
day_name(uint64_t day)
{
	static char buf[4][11];
	const char *when = show_when(day * 86400 * 1000);
	static unsigned turn;
	char *p = buf[turn++ % 4];

	snprintf(p, sizeof(buf[0]), "%.10s", when);
	return (p);
}

void
show_days(struct showing *show, struct message *m)
{
	static const char *const words[] = { "maintenance", "degraded",
	    "partial", "major" };
	const char *component = message_get_s(m), *first;
	json_t *days = json_array(), *row;
	uint64_t day, seconds;
	unsigned i;

	first = day_name(message_get_u(m));
	if (!show->as_json) {
		show_heading(show, m->type, "DAYS");
		printf("%s  since %s", log_safe(component), first);
	}
	while (message_more(m)) {
		day = message_get_u(m);
		row = json_pack("{s:s}", "day", day_name(day));
		if (!show->as_json)
			printf("  %s", day_name(day));
		for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			seconds = message_get_u(m);
			json_object_set_new(row, words[i],
			    json_number(seconds));
			if (!show->as_json && seconds > 0)
				printf(" %s %llu s", words[i],
				    (unsigned long long)seconds);
		}
		json_array_append_new(days, row);
	}
	if (show->as_json)
		show_append(show, "days", json_pack("{s:o s:s s:O}",
		    "component", json_text(component), "first", first, "days",
		    days));
	else
		putchar('\n');
	json_decref(days);
}

void
show_leader(struct showing *show, struct message *m)
{
	static const char *const words[LEADER_MAX] = {
		[LEADER_EMBEDDED]	= "embedded",
		[LEADER_THIS]		= "this",
		[LEADER_OTHER]		= "other",
		[LEADER_NONE]		= "none",
		[LEADER_OBSERVE]	= "observe",
	};
	uint64_t leader = message_get_u(m), pid, since, left;
	const char *host = message_get_s(m), *text, *word;

	pid = message_get_u(m);
	since = message_get_u(m);
	left = message_get_u(m);
	text = message_get_s(m);
	word = leader < LEADER_MAX ? words[leader] : "?";
	if (leader == LEADER_NONE)
		show->bad = true;
	if (show->as_json) {
		show_append(show, "leader", json_pack(
		    "{s:s s:o s:o s:s s:o s:o}", "leader", word, "host",
		    json_text(host), "pid", json_number(pid), "since",
		    show_when(since), "left", json_number(left / 1000),
		    "text", json_text(text)));
		return;
	}
	show_heading(show, m->type, "LEADER");
	printf("%s", word);
	if (host[0] != '\0')
		printf("  host %s", log_safe(host));
	if (pid != 0)
		printf("  pid %llu", (unsigned long long)pid);
	if (since != 0)
		printf("  since %s", show_when(since));
	if (left != 0)
		printf("  lease ends in %llu s", (unsigned long long)left /
		    1000);
	if (text[0] != '\0')
		printf("  %s", log_safe_long(text));
	putchar('\n');
}
