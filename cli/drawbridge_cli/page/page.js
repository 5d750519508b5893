// Shows what drawbridge prints with --json, and asks again while somebody looks. Nothing here makes HTML of text.
"use strict";

const SEVERAL = 200;
const NOT_MODIFIED = 304;
const find = (id) => document.getElementById(id);

/* Elements. */

// Text from others, as drawbridge.legible has it: what is shown is what was written, and no two texts look the same.

const MOST_MARKS = 3;
const PLAIN = /^(?:[!-~]+(?: [!-~]+)*)?$/;
// What Unicode says that nobody sees, and what it calls a letter, a mark or a symbol, and nobody sees either.
const UNSEEN = new RegExp("[\\p{C}\\p{Z}\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u2800\\u3164\\ufe00-\\ufe0f\\uffa0"
  + "\\u{1d159}\\u{1d173}-\\u{1d17a}\\u{e0100}-\\u{e01ef}]", "u");

const escaped = (each) => `⟨U+${each.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
const isPlain = (each) => each === " " || !UNSEEN.test(each);

// The last guard: what others wrote is to be legible before it gets into a line of ours.
const printable = (text) => Array.from(String(text), (each) => each === "\n" || isPlain(each) ? each : escaped(each)).join("");

function legible(text) {
  const whole = String(text);
  if (PLAIN.test(whole)) {
    return whole;
  }
  let marks = 0;
  let before = "";
  const parts = whole.match(/ +|[^ ]/gu);
  return parts.map((each, place) => {
    if (each.startsWith(" ")) {
      before = "";
      const isInside = place > 0 && place < parts.length - 1;
      return each.length > 1 ? `⟨${each.length} spaces⟩` : isInside ? each : "⟨space⟩";
    }
    marks = /\p{M}/u.test(each) ? marks + 1 : 0;
    const plain = isPlain(each) && each !== "⟨" && (each < "\u0080" || standsApart(each, before, marks));
    before = plain ? each : "";
    return plain ? each : escaped(each);
  }).join("");
}

// Whether a character neither floods its letter nor makes, alone or with it, what can be written otherwise.
function standsApart(each, before, marks) {
  return marks <= MOST_MARKS && !(marks && !before) && (before + each).normalize("NFC") === before + each;
}

function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(attribute, value === true ? "" : printable(value));
    }
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false && child !== "") {
      element.append(child instanceof Node ? child : printable(child));
    }
  }
  return element;
}

const panel = (title, end, ...children) => el("section", { class: "panel", "aria-label": title },
  el("header", {}, el("h2", {}, title), end), ...children);
const nothing = (text) => el("p", { class: "nothing" }, text);
const state = (text, tone) => el("span", { class: `state ${tone}` }, text);
const request = (id) => el("a", { href: `#/why/${encodeURIComponent(id)}`, class: "mono", "data-key": `why-${id}` }, id);

// Before what it is of, a column is no beginning of a sentence; DNS and AWS stay as they are.
const uncapital = (text) => text.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase());

function table(columns, rows, cells) {
  const shown = rows.slice(0, SEVERAL);
  return [
    el("table", { class: "rows" },
      el("thead", {}, el("tr", {}, columns.map((each) => el("th", { scope: "col" }, each)))),
      el("tbody", {}, shown.map((row) => el("tr", {}, cells(row).map((cell, place) =>
        el("td", { "data-label": place ? uncapital(columns[place]) : null }, cell)))))),
    rows.length > shown.length && el("p", { class: "more" }, `and ${rows.length - shown.length} more; filter for them`),
  ];
}

function moment(text, last = 16) {
  const time = new Date(text);
  if (!text || Number.isNaN(time.getTime())) {
    return text || "";
  }
  const shown = time.toISOString();
  return el("time", { datetime: shown, class: "nowrap" }, `${shown.slice(0, 10)} ${shown.slice(11, last)}`);
}

function toast(text) {
  const toast = find("toast");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { toast.hidden = true; }, 3000);
}

function command(text) {
  const copy = el("button", { type: "button", "data-key": `copy-${text}`, "aria-label": `Copy ${text}` }, "Copy");
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  });
  return el("div", { class: "command" }, el("code", {}, text), copy);
}

/* Words. */

// As drawbridge status has them, in words.json.
let words = { urgencies: {}, statuses: {}, quotas: {}, turns: {}, until: {}, kinds: [] };

const title = (urgency) => words.urgencies[urgency]?.title ?? urgency;
const tone = (urgency) => words.urgencies[urgency]?.tone ?? "doubt";
const needsSomebody = (urgency) => words.urgencies[urgency]?.needs_somebody ?? true;
const turn = (of) => words.turns[of] ?? "";
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);
const statusOf = (status) => state(status, words.statuses[status] ?? "");
const reason = (each) => `${each.source && !each.text.includes(each.source) ? `${each.source}: ` : ""}${each.text} [${each.code}]`;

// The words with a time in its place, if they have one.
function timed(text, time) {
  const [before, after] = text.split("{}");
  return after === undefined ? before : [before, moment(time), " UTC", after];
}

function until(each) {
  const [toCome, hasCome] = words.until[each.until_what] ?? [`${each.until_what} {}`, `${each.until_what} {}`];
  return each.until && ["; ", timed(new Date(each.until) > new Date() ? toCome : hasCome, each.until)];
}

/* Views. */

function card(each, detailed) {
  return el("article", { class: "card" },
    el("div", { class: "about" }, statusOf(each.status), el("h3", {}, detailed ? each.request_id : request(each.request_id))),
    el("div", { class: "soft" }, `${each.kind} of account ${legible(each.account_id)}: `, el("span", { class: "mono" }, legible(each.subject))),
    el("div", { class: "soft" }, timed(words.urgencies[each.urgency]?.since ?? "since {}", each.since), until(each)),
    each.reasons.slice(0, detailed ? undefined : 1).map((why) => el("p", {}, reason(why))),
    !detailed && each.reasons.length > 1 && el("p", { class: "soft" }, `and ${each.reasons.length - 1} more`),
    turn(each.waiting_for) && el("p", { class: "turn" }, el("b", {}, `${capital(turn(each.waiting_for))}: `), each.to_do),
    each.next && command(each.next));
}

function quota(each) {
  const said = words.quotas[each.is_reached ? "reached" : "near"];
  return el("p", { class: `quota ${said?.tone ?? "doubt"}` }, el("b", {}, `${said?.title ?? "quota"}: `), `${legible(each.found)}. `,
    el("b", {}, `${capital(said?.turn ?? "to do")}: `), legible(each.to_do));
}

function needs(data) {
  const urgent = [...grouped(data.requests)].filter(([urgency]) => needsSomebody(urgency));
  const isLate = Boolean(data.last_sweep?.is_late);
  const sweeps = el("p", { class: `sweeps ${data.sweeps.tone}` }, data.sweeps.text);
  const quotas = data.last_sweep?.quotas ?? [];
  const reached = quotas.filter((each) => each.is_reached);
  const count = urgent.reduce((sum, [, all]) => sum + all.length, 0) + data.unreadable.length + Number(isLate) + reached.length;
  document.title = count ? `(${count}) Drawbridge` : "Drawbridge";
  return panel(count ? `${count} need${count === 1 ? "s" : ""} somebody` : "Nothing needs anybody", null,
    isLate && sweeps,
    data.unreadable.map((each) => el("p", { class: "nothing" }, each)),
    reached.map(quota),
    urgent.length > 0 && el("div", { class: "groups" }, urgent.map(([urgency, all]) =>
      el("section", { class: all.length > 1 ? "group many" : "group", "aria-label": title(urgency) },
        el("h3", {}, state(title(urgency), tone(urgency)), ` ${all.length}`),
        el("div", { class: "cards" }, all.slice(0, SEVERAL).map((each) => card(each, false))),
        all.length > SEVERAL && el("p", { class: "more" }, `and ${all.length - SEVERAL} more, below`)))),
    quotas.filter((each) => !each.is_reached).map(quota),
    !isLate && sweeps);
}

function grouped(requests) {
  const groups = new Map();
  for (const each of requests) {
    groups.set(each.urgency, [...(groups.get(each.urgency) || []), each]);
  }
  return groups;
}

function matches(each, filters) {
  const text = [each.request_id, each.subject, each.account_id, each.service, each.status, ...each.bindings,
    ...each.reasons.map(reason)].join(" ").toLowerCase();
  return filters.text.toLowerCase().split(/\s+/).every((word) => text.includes(word))
    && (!filters.status || each.status === filters.status)
    && (!filters.kind || each.kind === filters.kind)
    && (filters.over || each.urgency !== "over");
}

function requestTable(data, filters) {
  const rows = data.requests.filter((each) => matches(each, filters));
  if (!rows.length) {
    return nothing(data.requests.length ? "No request is like that." : "There are no requests yet.");
  }
  return table(["Request", "Account", "Status", "Since, UTC", "Subject", "Whose turn"], rows, (each) => [
    [request(each.request_id), el("div", { class: "soft" }, each.bindings.length ? `${each.kind}, for ${each.bindings.join(", ")}` : each.kind)],
    el("span", { class: "id" }, legible(each.account_id)),
    [statusOf(each.status), !["connected", "over"].includes(each.urgency) && title(each.urgency).toUpperCase() !== each.status.replaceAll("_", " ")
      && el("div", { class: "soft" }, title(each.urgency))],
    moment(each.since),
    el("span", { class: "mono" }, legible(each.subject)),
    capital(turn(each.waiting_for)),
  ]);
}

function filterForm(filters, change) {
  const input = (name, label, element) => {
    element.name = name;
    element.addEventListener("input", () => {
      filters[name] = element.type === "checkbox" ? element.checked : element.value;
      change();
    });
    return el("label", {}, label, element);
  };
  const choice = (name, values) => {
    const select = el("select", {}, el("option", { value: "" }, "any"), values.map((each) => el("option", { value: each }, each)));
    select.value = filters[name];
    return select;
  };
  const text = el("input", { type: "search", value: filters.text, spellcheck: "false", autocomplete: "off" });
  const over = el("input", { type: "checkbox" });
  over.checked = filters.over;
  return el("div", { class: "filters" },
    input("text", "with", text),
    input("status", "status", choice("status", Object.keys(words.statuses))),
    input("kind", "kind", choice("kind", words.kinds)),
    input("over", "what is over too", over));
}

const filters = { text: "", status: "", kind: "", over: false };

function requestsView(main) {
  const urgent = el("div", { "data-part": "needs" });
  const rows = el("div", {});
  let last = null;
  const fill = () => last && renew(rows, requestTable(last, filters));
  main.replaceChildren(urgent, panel("Requests", filterForm(filters, fill), rows));
  return (data) => {
    last = data;
    renew(urgent, needs(data));
    fill();
  };
}

function storyEvent(event) {
  if (event.what === "left-out") {
    return el("li", { class: "left-out" }, el("p", { class: "soft" }, event.text));
  }
  const began = event.what === "attempt" || event.what === "repeated";
  return el("li", { class: began ? "attempt" : "" },
    moment(event.at, 19),
    el("div", {},
      event.what === "status" ? statusOf(event.text)
        // The text of marks is a reason's, which was made legible when it was recorded.
        : el("b", {}, event.what === "marks" ? event.text : legible(event.text)),
      (event.reasons || []).map((each) => el("p", {}, reason(each))),
      (event.details || []).map((each) => el("div", { class: "detail" }, legible(each))),
      (event.links || []).filter((each) => each.address.startsWith("https://")).map((each) =>
        el("div", {}, el("a", { href: each.address, target: "_blank", rel: "noopener noreferrer", class: "mono" }, each.of)))));
}

function whyView(main) {
  return (data) => renew(main, data.requests.length ? data.requests.map(story) : unknown(data));
}

function unknown(data) {
  if ((data.unreadable || []).length) return panel(`Why ${legible(data.named)}?`, null, nothing(data.unreadable.join(" ")));
  return panel(`Why ${legible(data.named)}?`, null,
    nothing(`The ledger knows nothing of it. Looked for it as ${data.looked_for}.`),
    data.nearest.length > 0 && el("p", { class: "more" }, "Did you mean ", data.nearest.map((each) => [request(each), " "])));
}

function story(each) {
  const { status } = each;
  return el("div", { class: "columns" },
    panel(`Story of ${status.request_id}`, null,
      each.has_earlier && nothing("What happened before is not kept any longer."),
      el("ol", { class: "story" }, each.story.map(storyEvent))),
    el("div", {},
      panel("Now", state(title(status.urgency), tone(status.urgency)), el("div", { class: "cards" }, card(status, true))),
      panel("Published", null, each.published.length
        ? table(["Parameter"], each.published, (name) => [el("code", {}, legible(name))]) : nothing("Nothing of it is published.")),
      panel("Made for it", null, each.attachments.length
        ? table(["For", "Resource", "Ids"], each.attachments, (made) => [legible(made.name), el("code", {}, legible(made.resource_arn)), el("code", {}, legible(made.ids.join(", ")))])
        : nothing("Nothing was made for it."))));
}

function read(text) {
  try {
    return JSON.parse(text) || {};
  } catch {
    return {};
  }
}

function namesView(main) {
  return (data) => renew(main, [
    panel("Names of shared resources", null, data.connections.length
      ? table(["Parameter", "DNS name", "Mode", "Ports", "Provider"], data.connections, (each) => {
        const { mode, portRanges, protocol, provider, endpointId, associationId, privateDnsName } = read(each.document);
        const id = endpointId || associationId;
        return [
          [el("code", {}, legible(`${each.path}/dns-name`)), id && el("div", { class: "soft mono" }, legible(id))],
          [el("code", {}, legible(each.dns_name)), privateDnsName && el("div", { class: "soft mono" }, legible(privateDnsName))],
          legible(mode || ""), portRanges ? legible(`${portRanges.join(", ")} ${protocol || ""}`.trimEnd()) : "", provider && el("span", { class: "id" }, legible(provider))];
      }) : nothing("None is published.")),
    panel("Names of consumers' endpoints", null, data.consumers.length
      ? table(["Parameter", "DNS name", "Service", "Consumer"], data.consumers, (each) => {
        const { serviceId, consumer } = read(each.document);
        return [el("code", {}, legible(`${each.path}/dns-name`)), el("code", {}, legible(each.dns_name)), el("code", { class: "id" }, legible(serviceId || "")), consumer && el("span", { class: "id" }, legible(consumer))];
      }) : nothing("None is published.")),
  ]);
}

function endpointTone(text) {
  const word = text.toLowerCase();
  return word === "available" ? "good" : ["failed", "rejected", "expired"].includes(word) ? "bad" : "busy";
}

function endpointsView(main) {
  return (data) => renew(main, [
    data.unreadable.map((each) => el("p", { class: "nothing" }, each)),
    panel("Endpoints and associations", null,
      data.states_unknown && nothing(`AWS's states are not known: ${data.states_unknown}`),
      data.endpoints.length
        ? table(["Id", "AWS's state", "For", "Resource or service", "Request"], data.endpoints, (each) => [
          [el("code", { class: "id" }, legible(each.id)), el("div", { class: "soft" }, each.kind)],
          each.state ? state(each.state, endpointTone(each.state)) : el("span", { class: "soft" }, each.kind.endsWith("association") ? "not asked" : "not known"),
          legible(each.attachment || `account ${each.account_id}`),
          el("code", {}, legible(each.resource_arn)),
          [request(each.request_id), " ", statusOf(each.status)],
        ]) : nothing("The ledger has none that should still be there.")),
  ]);
}

function bindingsView(main) {
  return (data) => {
    const again = el("button", { type: "button", "data-key": "again" }, "Look again");
    again.addEventListener("click", () => look(true));
    renew(main, [
      panel("Bindings", el("span", { class: "end" }, again), data.bindings.length
        ? table(["Binding", "Where", "Matches", "Wanted", "Refused", "Published", "Notes"], data.bindings, (each) => [
          [el("a", { href: `#/why/${encodeURIComponent(each.name)}` }, legible(each.name)), el("div", { class: "soft" }, each.version === null ? "never in force" : `version ${each.version}, ${each.mode}`)],
          each.where, String(each.matches), String(each.wanted), String(each.refused), String(each.published),
          [each.broken && el("p", {}, state("broken", "bad"), " ", each.broken), (each.notes || []).map((note) => el("p", {}, legible(note)))],
        ]) : nothing("There are no bindings.")),
      panel("Published", null, publishedRows(data).length
        ? table(["Path", "DNS name", "Binding"], publishedRows(data), (row) => row) : nothing("No name is published.")),
      ["removals", "unconfirmed"].filter((name) => (data[name] || []).length).map((name) =>
        panel(name === "removals" ? "To be taken down" : "Not confirmed", null, data[name].map((each) => el("pre", {}, JSON.stringify(each, null, 1))))),
    ]);
  };
}

function publishedRows(data) {
  const of = Object.entries(data.published).flatMap(([binding, names]) => Object.entries(names).map(([path, name]) => [path, name, binding]));
  const without = Object.entries(data.orphans).map(([path, name]) => [path, name, "of no binding any longer"]);
  return [...of, ...without].map(([path, name, binding]) => [el("code", {}, legible(path)), el("code", {}, legible(name)), legible(binding)]);
}

// Replaces what is in an element; what somebody has the focus on keeps it.
function renew(element, children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.replaceChildren(...[children].flat(Infinity).filter((each) => each instanceof Node));
  if (focused) {
    const again = [...element.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused);
    if (again) {
      again.focus({ preventScroll: true });
    }
  }
}

/* Looking. */

const VIEWS = {
  requests: { make: requestsView, ask: () => "status.json", every: 5 },
  why: { make: whyView, ask: (of) => `why.json?of=${encodeURIComponent(of)}`, every: 5 },
  names: { make: namesView, ask: () => "names.json", every: 30 },
  endpoints: { make: endpointsView, ask: () => "endpoints.json", every: 15 },
  // Many calls to AWS: only when it is asked for.
  bindings: { make: bindingsView, ask: () => "bindings.json", every: 0 },
};

let now = { view: VIEWS.requests, of: "", fill: () => {}, tag: null, at: 0, asking: false };

function openView() {
  const [, name, of] = /^#\/([a-z]+)\/?(.*)$/.exec(location.hash) || [null, "requests", ""];
  const view = Object.hasOwn(VIEWS, name) ? VIEWS[name] : VIEWS.requests;
  const main = find("main");
  main.replaceChildren(nothing("Looking …"));
  let subject = of;
  try {
    subject = decodeURIComponent(of);
  } catch {
    // An address that somebody typed: it is taken as it is.
  }
  now = { view, of: subject, fill: view.make(main), tag: null, at: 0, asking: false };
  for (const link of document.querySelectorAll(".bar nav a")) {
    link.toggleAttribute("aria-current", false);
    if (link.hash === `#/${view === VIEWS.requests ? "requests" : name}`) {
      link.setAttribute("aria-current", "page");
    }
  }
  look(true);
}

async function look(asked) {
  const mine = now;
  if (mine.asking) {
    return;
  }
  mine.asking = true;
  if (asked) {
    find("fresh").textContent = "looking …";
  }
  let text = "";
  let wrong = "";
  let tag = mine.tag;
  let age = 0;
  try {
    const response = await fetch(mine.view.ask(mine.of), { headers: tag ? { "If-None-Match": tag } : {} });
    text = await response.text();
    tag = response.headers.get("ETag");
    age = Number(response.headers.get("Age"));
    if (!response.ok && response.status !== NOT_MODIFIED) {
      wrong = read(text).error || text.trim();
    }
  } catch {
    wrong = "drawbridge ui does not answer any longer: start it again, and open the address that it prints.";
  }
  mine.asking = false;
  mine.at = performance.now();
  if (mine !== now) {
    return;
  }
  find("error").hidden = !wrong;
  find("error").textContent = printable(wrong);
  find("main").classList.toggle("stale", Boolean(wrong) && Boolean(mine.tag));
  if (wrong) {
    find("fresh").textContent = "";
    return;
  }
  // What was read for another window is told with its time.
  find("fresh").textContent = `as of ${new Date(Date.now() - age * 1000).toISOString().slice(11, 19)} UTC`;
  // What has not changed stays as it is, and what somebody is marking.
  if (tag !== mine.tag && (asked || getSelection().isCollapsed || !find("main").contains(getSelection().anchorNode))) {
    mine.fill(JSON.parse(text));
    mine.tag = tag;
  }
}

find("why").addEventListener("submit", (event) => {
  event.preventDefault();
  const of = event.target.elements.of.value.trim();
  if (of) {
    location.hash = `#/why/${encodeURIComponent(of)}`;
  }
});

window.addEventListener("hashchange", () => {
  if (location.hash !== "#main") {
    openView();
    find("main").focus({ preventScroll: true });
    scrollTo(0, 0);
  }
});

// Nobody sees a tab behind others: it asks nothing, and looks once it is in front again.
setInterval(() => {
  const { every } = now.view;
  if (every && !document.hidden && performance.now() - now.at >= every * 1000) {
    look(false);
  }
}, 1000);

async function sayWhere() {
  try {
    const response = await fetch("stack.json");
    const { stack, region, account_id } = await response.json();
    if (response.ok) {
      find("where").textContent = legible(`${stack} in ${region}, account ${account_id}`);
    }
  } catch {
    // What is looked at below says what is wrong.
  }
}

async function begin() {
  try {
    words = await (await fetch("words.json")).json();
  } catch {
    // What is looked at below says what is wrong.
  }
  openView();
  sayWhere();
}

begin();
