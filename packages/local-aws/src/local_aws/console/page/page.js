// Shows what the server renders, again each second, and sends what is pressed. Nothing here makes HTML of text.
"use strict";

const ROOT = document.body.dataset.root;
const SLACK = document.body.dataset.slack;
const SECTIONS = ["runs", "links", "events", "accounts", "faults", "parameters", "operations"];
const shown = {};
const there = { seconds: 0, speed: 1, at: 0 };

const find = (id) => document.getElementById(id);

function toast(text, bad) {
  const toast = find("toast");
  toast.textContent = text;
  toast.className = bad ? "bad" : "";
  toast.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { toast.hidden = true; }, 5000);
}

async function json(response) {
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(answer.error);
  }
  return answer;
}

const read = async (route) => json(await fetch(route, { headers: { Accept: "application/json" } }));

const post = async (route, body) => json(await fetch(route, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
}));

async function addFault(fault) {
  const now = await read(`${ROOT}/faults`);
  await post(`${ROOT}/faults`, {
    ...now,
    events: { ...now.events, ...fault.events },
    calls: [...now.calls, ...(fault.calls || [])],
  });
}

async function act(button) {
  const { advance, fault, slackFault, account } = button.dataset;
  if (account) {
    ask("account", button.getAttribute("aria-pressed") === "true" ? "" : account);
    return "";
  }
  if (advance) {
    await post(`${ROOT}/clock`, { advance: Number(advance) });
    return `The clock went on by ${button.textContent}.`;
  }
  if (fault) {
    await addFault(JSON.parse(fault));
    return `In force: ${button.textContent}.`;
  }
  if (slackFault) {
    await post(SLACK, JSON.parse(slackFault));
    return `In force: ${button.textContent}.`;
  }
  if (button.matches("[data-end-faults]")) {
    await Promise.all([post(`${ROOT}/faults`, {}), post(SLACK, {})]);
    return "All faults are ended.";
  }
  return "";
}

function ask(name, value) {
  const address = new URL(location.href);
  if (value) {
    address.searchParams.set(name, value);
  } else {
    address.searchParams.delete(name);
  }
  history.replaceState(null, "", address);
}

async function doing(action, button) {
  if (button) {
    button.disabled = true;
  }
  try {
    const told = await action();
    if (told) {
      toast(told, false);
    }
    await refresh();
  } catch (failure) {
    toast(failure.message, true);
  } finally {
    if (button) {
      button.disabled = false;
      if (document.activeElement === document.body && button.isConnected) {
        button.focus();
      }
    }
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) {
    doing(() => act(button), button);
  }
});

find("speed").addEventListener("change", (event) => {
  doing(async () => {
    await post(`${ROOT}/clock`, { speed: Number(event.target.value) });
    return "";
  });
});

find("prefix").addEventListener("input", (event) => {
  clearTimeout(event.target.timer);
  event.target.timer = setTimeout(() => {
    ask("prefix", event.target.value);
    doing(async () => "");
  }, 250);
});

function replace(id, section) {
  const before = find(id);
  const open = [...before.querySelectorAll("details[open]")].map((each) => each.dataset.key);
  const focused = before.contains(document.activeElement)
    ? (document.activeElement.closest("[data-key]") || {}).dataset : undefined;
  before.replaceWith(section);
  for (const details of section.querySelectorAll("details")) {
    details.open = open.includes(details.dataset.key);
  }
  if (focused) {
    const again = [...section.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused.key);
    if (again) {
      (again.querySelector("summary") || again).focus({ preventScroll: true });
    }
  }
}

function isRead(id) {
  const selection = getSelection();
  return !selection.isCollapsed && find(id).contains(selection.anchorNode);
}

async function refresh() {
  const response = await fetch(`${ROOT}/console/sections${location.search}`);
  const text = await response.text();
  if (!response.ok) {
    throw new Error(text.trim());
  }
  const page = new DOMParser().parseFromString(text, "text/html");
  const { seconds, speed, busy } = page.getElementById("clock").dataset;
  Object.assign(there, { seconds: Number(seconds), speed: Number(speed), at: performance.now() });
  showSpeed(speed);
  const atWork = Object.entries(JSON.parse(busy)).map(([what, count]) => `${count} ${what}`);
  find("state").textContent = atWork.length ? atWork.join(", ") : "at rest";
  for (const id of SECTIONS) {
    const section = page.getElementById(id);
    // What has not changed stays, and what somebody is marking: they lose nothing.
    if (shown[id] !== section.outerHTML && !isRead(id)) {
      shown[id] = section.outerHTML;
      replace(id, document.importNode(section, true));
    }
  }
  tick();
}

function showSpeed(speed) {
  const select = find("speed");
  if (document.activeElement === select) {
    return;
  }
  const known = [...select.options].find((each) => Number(each.value) === Number(speed));
  if (!known) {
    select.add(new Option(`${Number(speed)}×`, Number(speed)));
  }
  select.value = String(Number(speed));
}

function lasted(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours) {
    return `${hours} h ${String(minutes).padStart(2, "0")} min`;
  }
  return minutes ? `${minutes} min ${String(whole % 60).padStart(2, "0")} s` : `${whole} s`;
}

function tick() {
  if (!there.at) {
    return;
  }
  const now = there.seconds + (performance.now() - there.at) / 1000 * there.speed;
  find("time").textContent = `${new Date(now * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
  for (const time of document.querySelectorAll("time[data-since]")) {
    time.textContent = lasted(now - Number(time.dataset.since));
  }
}

async function keepFresh() {
  if (!document.hidden) {
    try {
      await refresh();
    } catch (failure) {
      find("state").textContent = "does not answer";
    }
  }
  setTimeout(keepFresh, 1000);
}

setInterval(tick, 250);
keepFresh();
