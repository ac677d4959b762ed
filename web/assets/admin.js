// Keeps the page up to date: each event brings one element, by its id.
"use strict";

const live = document.getElementById("live");
const said = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

// "3 min. ago", with the time itself to look at.
function age(time) {
	const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
	const [unit, size] = units.find(u => Math.abs(seconds) >= u[1]) || units[3];

	if (!time.title)
		time.title = time.textContent;
	const text = said.format(Math.trunc(seconds / size), unit);
	if (time.textContent !== text)
		time.textContent = text;
}

function ages(root) {
	root.querySelectorAll("time").forEach(age);
}

// Elements that someone is using wait until they are left.
const waiting = new Map();

function put(id, html) {
	const old = document.getElementById(id);
	const made = document.createElement("template");

	if (old && old.contains(document.activeElement)) {
		waiting.set(id, html);
		return;
	}
	waiting.delete(id);
	made.innerHTML = html;
	const element = made.content.firstElementChild;
	if (!old || !element)
		return;
	ages(element);
	old.replaceWith(element);
}

document.addEventListener("focusout", () => setTimeout(() => {
	for (const [id, html] of [...waiting])
		put(id, html);
}));

function follow() {
	const events = new EventSource("/admin/events?from=" + document.body.dataset.seen);

	events.addEventListener("put", event => {
		const end = event.data.indexOf("\n");
		put(event.data.slice(0, end), event.data.slice(end + 1));
	});
	events.addEventListener("end", () => location.reload());
	events.addEventListener("open", () => { live.textContent = "Live"; });
	events.addEventListener("error", () => {
		live.textContent = "The connection is lost: what is here may be old.";
		if (events.readyState === EventSource.CLOSED)
			setTimeout(follow, 5000);
	});
}

ages(document);
setInterval(() => ages(document), 10000);
follow();
