// Shows what the server renders, again each second, and sends what is clicked. Nothing here makes HTML of text.
"use strict";

const HERE = document.body.dataset.root;
const SECTIONS = ["channels", "messages", "modals"];
const shown = {};

const find = (id) => document.getElementById(id);
const as = () => find("as").value;

function toast(text, bad) {
  const toast = find("toast");
  toast.textContent = text;
  toast.className = bad ? "bad" : "";
  toast.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { toast.hidden = true; }, 6000);
}

async function send(route, body) {
  let answer;
  try {
    const response = await fetch(`${HERE}/${route}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    answer = await response.json();
    if (!response.ok) {
      toast(answer.error, true);
      return;
    }
  } catch (failure) {
    toast(`The local AWS does not answer: ${failure.message}`, true);
    return;
  }
  if (answer.status === 200) {
    toast(`Acknowledged in ${answer.seconds.toFixed(2)} s`, false);
  } else if (answer.status !== undefined) {
    const why = answer.error === "operation_timeout" ? "no answer within 3 seconds" : answer.error || `HTTP ${answer.status}`;
    toast(`This app responded with an error: ${why}`, true);
  }
  await refresh();
}

function confirmed(button) {
  const template = button.nextElementSibling;
  if (!template || !template.matches("template")) {
    return Promise.resolve(true);
  }
  const dialog = document.createElement("dialog");
  dialog.className = "confirm";
  dialog.append(template.content.cloneNode(true));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    const end = (yes) => { dialog.remove(); resolve(yes); };
    dialog.addEventListener("cancel", () => end(false));
    dialog.querySelector("[data-answer=confirm]").addEventListener("click", () => end(true));
    dialog.querySelector("[data-answer=deny]").addEventListener("click", () => end(false));
  });
}

async function click(button) {
  if (!await confirmed(button)) {
    return;
  }
  if (button.dataset.url) {
    window.open(button.dataset.url, "_blank", "noopener,noreferrer");
  }
  const { channel, ts, action, block } = button.dataset;
  button.disabled = true;
  await send("click", { user: as(), channel, ts, action_id: action, blockId: block });
  button.disabled = false;
}

async function submit(modal) {
  const values = {};
  for (const input of modal.querySelectorAll("[data-block]")) {
    values[input.dataset.block] = { ...values[input.dataset.block], [input.dataset.action]: input.value || null };
  }
  await send("submit", { user: as(), viewId: modal.dataset.view, values });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) {
    return;
  }
  const modal = button.closest("dialog[data-view]");
  if (button.dataset.action && button.dataset.ts) {
    click(button);
  } else if (modal && button.dataset.does === "submit") {
    submit(modal);
  } else if (modal && button.dataset.does === "close") {
    send("close", { user: as(), viewId: modal.dataset.view });
  }
});

find("as").addEventListener("change", () => {
  const address = new URL(location.href);
  address.searchParams.set("as", as());
  location.href = address;
});

function show(id, section) {
  const before = find(id);
  const atEnd = before.scrollHeight - before.scrollTop - before.clientHeight < 40;
  const top = before.scrollTop;
  before.replaceWith(section);
  section.scrollTop = atEnd ? section.scrollHeight : top;
  if (id === "modals") {
    section.querySelectorAll("dialog").forEach((dialog) => dialog.showModal());
  }
}

async function refresh() {
  const response = await fetch(`${HERE}/page${location.search}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of SECTIONS) {
    const section = page.getElementById(id);
    // What has not changed stays: somebody may be typing in it.
    if (shown[id] !== section.outerHTML) {
      shown[id] = section.outerHTML;
      show(id, document.importNode(section, true));
    }
  }
}

async function keepFresh() {
  try {
    await refresh();
  } catch (failure) {
    toast("The local AWS does not answer.", true);
  }
  setTimeout(keepFresh, 1000);
}

keepFresh().then(() => { find("messages").scrollTop = find("messages").scrollHeight; });
