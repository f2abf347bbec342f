// One WebSocket a tab: topics, entities, and what the page does while the link is down.
// A plugin's own module may `import { subscribe, watchEntities } from "/x/regie/static/js/live.js"`.

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;
const SILENCE_MS = 30_000; // a quiet link is asked whether it still lives
const ANSWER_MS = 10_000;

const subscriptions = new Map(); // id -> { command, listener }
const linkListeners = new Set();
const states = new Map(); // entity_id -> { s, a }

let socket = null;
let lastId = 0;
let attempts = 0;
let ready = false;
let silence = 0;
let retry = 0;

/**
 * Listen to a topic such as "jellyfin_monitor/live"; returns the undo. `onReady` is called each time the hub begins to
 * tell: what happened between the page's rendering, or a break of the link, and that moment was not heard.
 */
export function subscribe(topic, listener, onReady) {
  return open({ type: "regie/subscribe", topic }, listener, onReady);
}

/** Follow entities: listener(entity_id, {s: state, a: attributes} or null). Returns the undo. */
export function watchEntities(ids, listener) {
  return open({ type: "subscribe_entities", entity_ids: ids }, (event) => {
    for (const [id, state] of Object.entries(event.a ?? {})) {
      states.set(id, { s: state.s, a: state.a ?? {} });
      listener(id, states.get(id));
    }
    for (const [id, change] of Object.entries(event.c ?? {})) {
      const old = states.get(id) ?? { s: "", a: {} };
      const next = { s: change["+"]?.s ?? old.s, a: { ...old.a, ...change["+"]?.a } };
      for (const key of change["-"]?.a ?? []) delete next.a[key];
      states.set(id, next);
      listener(id, next);
    }
    for (const id of event.r ?? []) {
      states.delete(id);
      listener(id, null);
    }
  });
}

/** Send any command of the API; resolves with its result. */
export function command(message) {
  return new Promise((resolve, reject) => {
    const id = ++lastId;
    subscriptions.set(id, { once: true, resolve, reject });
    if (!send({ id, ...message })) {
      subscriptions.delete(id);
      reject(new Error("not connected"));
    }
  });
}

/** Told true when the link is up (also after a break) and false when it is lost. */
export function onLink(listener) {
  linkListeners.add(listener);
  return () => linkListeners.delete(listener);
}

function open(message, listener, onReady) {
  const key = { message, listener, onReady, id: 0 };
  start(key);
  connect();
  return () => {
    subscriptions.delete(key.id);
    wanted.delete(key);
    if (ready && key.id) send({ id: ++lastId, type: "unsubscribe_events", subscription: key.id });
  };
}

const wanted = new Set();

function start(key) {
  wanted.add(key);
  if (!ready) return;
  key.id = ++lastId;
  subscriptions.set(key.id, { listener: key.listener, onReady: key.onReady });
  send({ id: key.id, ...key.message });
}

function send(message) {
  if (socket?.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(message));
  return true;
}

async function connect() {
  if (socket || !document.body) return;
  const opened = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/websocket`);
  socket = opened;
  opened.addEventListener("message", ({ data }) => {
    listenForSilence();
    for (const message of [].concat(JSON.parse(data))) receive(message);
  });
  opened.addEventListener("close", () => socket === opened && lost());
}

async function authenticate() {
  try {
    const response = await fetch("/api/regie/session_token", { headers: { Accept: "application/json" } });
    if (response.status === 401) return location.reload(); // the session ended: the server shows the sign-in page
    const { access_token } = await response.json();
    send({ type: "auth", access_token });
  } catch {
    socket?.close();
  }
}

function receive(message) {
  if (message.type === "auth_required") return authenticate();
  if (message.type === "auth_ok") return linked();
  if (message.type === "auth_invalid") return socket.close();
  const found = subscriptions.get(message.id);
  if (!found) return;
  if (message.type === "event") found.listener?.(message.event);
  if (message.type === "result" && message.success) found.onReady?.();
  if (message.type === "result" && found.once) {
    subscriptions.delete(message.id);
    if (message.success) found.resolve(message.result);
    else found.reject(new Error(message.error?.message ?? "failed"));
  }
}

function linked() {
  ready = true;
  attempts = 0;
  for (const key of wanted) start(key);
  for (const listener of linkListeners) listener(true);
}

function lost() {
  socket = null;
  clearTimeout(silence);
  if (ready || attempts === 0) for (const listener of linkListeners) listener(false);
  ready = false;
  for (const { reject } of subscriptions.values()) reject?.(new Error("connection lost"));
  subscriptions.clear();
  states.clear();
  lastId = 0;
  const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** attempts++);
  clearTimeout(retry);
  retry = setTimeout(connect, wait * (0.5 + Math.random() / 2));
}

function listenForSilence() {
  clearTimeout(silence);
  silence = setTimeout(() => {
    const probed = socket;
    send({ id: ++lastId, type: "ping" });
    silence = setTimeout(() => socket === probed && probed?.close(), ANSWER_MS);
  }, SILENCE_MS);
}

// A laptop that wakes or a network that returns should not wait for the back-off.
function hurry() {
  if (socket || document.visibilityState === "hidden") return;
  clearTimeout(retry);
  connect();
}
addEventListener("online", hurry);
document.addEventListener("visibilitychange", hurry);
