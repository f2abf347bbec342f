// The frame's behaviour: fragments that follow topics, elements that follow entities, the link's state, confirmations.
import { onLink, subscribe, watchEntities } from "./live.js";
import { setText } from "./elements.js";

const FRAGMENT_GAP_MS = 500; // at most two fetches a second, whatever the topic does
const LOST_AFTER_MS = 800; // a hub that restarts in a second is no news

// ---- fragments: <section data-live="slug/topic" data-fragment="/x/slug/…"> ----

const followed = new WeakMap();

function followFragment(element) {
  if (followed.has(element)) return;
  let isBusy = false;
  let isStale = false;
  let last = -FRAGMENT_GAP_MS;
  const refresh = async () => {
    isStale = true;
    if (isBusy) return;
    isBusy = true;
    while (isStale && element.isConnected) {
      await new Promise((resolve) => setTimeout(resolve, last + FRAGMENT_GAP_MS - performance.now()));
      isStale = false; // what is told from here on may be newer than the answer
      last = performance.now();
      await replace(element).catch(() => undefined); // the link's badge already says that the hub is away
    }
    isBusy = false;
  };
  const undo = element.dataset.live.split(" ").map((topic) => subscribe(topic, refresh, refresh));
  followed.set(element, { refresh, undo });
}

async function replace(element) {
  const response = await fetch(element.dataset.fragment, { headers: { "HX-Request": "true" } });
  if (!response.ok) return;
  const html = await response.text();
  if (window.Idiomorph) {
    window.Idiomorph.morph(element, html, { morphStyle: "innerHTML", ignoreActiveValue: true, callbacks: { beforeNodeMorphed: keepTicking } });
  } else if (!element.contains(document.activeElement)) {
    element.innerHTML = html;
  }
  window.htmx?.process(element);
  bind(element);
}

// Elements that write their own text are not set back by the server's older one, only by new attributes.
function keepTicking(before, after) {
  if (before.nodeType !== Node.ELEMENT_NODE || !/^REGIE-/.test(before.tagName) || before.tagName !== after.tagName) return true;
  if (before.childElementCount !== after.childElementCount) return true;
  for (const { name, value } of after.attributes) if (before.getAttribute(name) !== value) before.setAttribute(name, value);
  for (const { name } of [...before.attributes]) if (!after.hasAttribute(name)) before.removeAttribute(name);
  return false;
}

// ---- entities: <span data-entity="sensor.x" [data-attribute="…"]> ----

let watched = "";
let stopWatching = () => undefined;

function followEntities() {
  const ids = [...new Set([...document.querySelectorAll("[data-entity]")].map((element) => element.dataset.entity))].sort();
  if (ids.join() === watched) return;
  watched = ids.join();
  stopWatching();
  if (ids.length) stopWatching = watchEntities(ids, showEntity);
}

function showEntity(id, state) {
  for (const element of document.querySelectorAll(`[data-entity="${CSS.escape(id)}"]`)) {
    const { attribute } = element.dataset;
    const value = attribute ? state?.a[attribute] : state?.s;
    setText(element, value === undefined || value === null ? "–" : String(value));
  }
}

// ---- badges of the navigation ----

function showBadges({ data }) {
  for (const [slug, value] of Object.entries(data ?? {})) {
    for (const element of document.querySelectorAll(`[data-badge="${CSS.escape(slug)}"]`)) {
      setText(element, value ? String(value) : "");
      element.hidden = !value;
    }
    for (const element of document.querySelectorAll(`[data-onair="${CSS.escape(slug)}"]`)) element.hidden = !value;
  }
}

// ---- the link ----

const badge = document.getElementById("link");
let losing = 0;

onLink((up) => {
  clearTimeout(losing);
  if (up) {
    document.body.classList.remove("link-lost");
    badge?.setAttribute("hidden", "");
    return;
  }
  losing = setTimeout(() => {
    document.body.classList.add("link-lost");
    setText(badge, badge?.dataset.lost ?? "");
    badge?.removeAttribute("hidden");
  }, LOST_AFTER_MS);
});

// ---- artwork: what cannot be loaded gives way to the title on its own colour ----

document.addEventListener("error", (event) => event.target.matches?.(".poster img, .avatar img") && event.target.remove(), true);

// ---- search ----

const find = document.getElementById("find");

document.addEventListener("keydown", (event) => {
  if (find && event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    find.select();
  } else if (find?.form.contains(document.activeElement)) {
    steer(event);
  }
});

/** Arrows walk through what was found, Escape leaves. */
function steer(event) {
  const stops = [find, ...find.form.querySelectorAll(".found a")];
  const at = stops.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") document.activeElement.blur();
  if (!step || at < 0) return;
  event.preventDefault();
  stops[(at + step + stops.length) % stops.length].focus();
}

// ---- forms ----

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

function bind(root) {
  for (const element of root.querySelectorAll("[data-live]")) followFragment(element);
  for (const image of root.querySelectorAll(".poster img, .avatar img")) if (image.complete && !image.naturalWidth) image.remove();
  for (const element of root.querySelectorAll("[data-v]")) element.style.setProperty("--v", element.dataset.v);
  followEntities();
}

bind(document);
document.addEventListener("htmx:load", (event) => bind(event.target));
if (badge) subscribe("regie/navigation", showBadges);
