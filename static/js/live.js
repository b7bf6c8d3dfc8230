/* Live updates (docs/realtime.md): what the server tells becomes an event `live:<kind>` on the body, for
   `hx-trigger="live:credits.balance from:body"`. One socket for all tabs of a browser, in a tab that is seen.
   Without it, or without WebSocket, pages work: what polls goes on to. */

const ADDRESS = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/`;
/* Beats come each 25 s: a line that is quiet for longer is dead, whatever the browser thinks. */
const QUIET_MS = 60_000;
/* How often what polls still does, while it is told. */
const POLL_MS = 15_000;
/* A tab that was left for a moment keeps its socket. */
const LEFT_MS = 20_000;
const RESET_SPREAD_MS = 3_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const KEPT = 100;
const CLOSE = { restart: 1012, signedOut: 4401, refused: 4403, tooMany: 4429 };

/* From when on this page knows nothing: a moment before it was made. */
let last = document.querySelector("meta[name=live-since]").content;
let heardAt = -Infinity;
let recent = [];
let socket = null;
let isOver = false;
let leading = null;

const isLive = () => performance.now() - heardAt < QUIET_MS;
const numbers = (id) => id.split("-").map(Number);
const isAfter = (one, other) => {
  const [a, b] = [numbers(one), numbers(other)];
  return a[0] - b[0] || a[1] - b[1];
};
const dispatch = (kind, detail = {}) =>
  document.body.dispatchEvent(new CustomEvent(`live:${kind}`, { detail }));

/* In every tab, of the socket's own or by the tab that has it. */
const receive = ({ id, kind, data }) => {
  heardAt = performance.now();
  if (isAfter(id, last) > 0) last = id;
  if (kind === "realtime.reset") setTimeout(() => dispatch("reset"), Math.random() * RESET_SPREAD_MS);
  else if (!kind.startsWith("realtime.")) dispatch(kind, data);
};

const channel = "BroadcastChannel" in window ? new BroadcastChannel("live") : null;
channel?.addEventListener("message", ({ data: said }) => {
  if (said.message) receive(said.message);
  else if (said.since && socket?.readyState === WebSocket.OPEN) {
    /* A tab that has just come: what it may have missed, or that it may. */
    const from = recent.findIndex((one) => isAfter(one.id, said.since) > 0);
    const isKept = recent.length && isAfter(recent[0].id, said.since) <= 0;
    const missed = isKept ? (from < 0 ? [] : recent.slice(from)) : [{ id: last, kind: "realtime.reset", data: {} }];
    for (const message of [...missed, { id: last, kind: "realtime.hello", data: {} }]) {
      channel.postMessage({ message });
    }
  }
});

/* One socket, from its opening to its end; resolves with how it ended. */
const connect = (signal) => new Promise((done) => {
  const opened = new WebSocket(ADDRESS);
  let isOpen = false;
  const stop = () => opened.close(1000);
  const watch = setInterval(() => { if (isOpen && !isLive()) opened.close(4000); }, QUIET_MS / 4);
  socket = opened;
  signal.addEventListener("abort", stop);
  opened.addEventListener("open", () => {
    isOpen = true;
    recent = [{ id: last, kind: "realtime.hello", data: {} }];
    opened.send(JSON.stringify({ resume: last }));
  });
  opened.addEventListener("message", (event) => {
    const message = JSON.parse(event.data);
    recent = [...recent, message].slice(-KEPT);
    channel?.postMessage({ message });
    receive(message);
  });
  opened.addEventListener("close", ({ code }) => {
    clearInterval(watch);
    signal.removeEventListener("abort", stop);
    if (socket === opened) socket = null;
    heardAt = -Infinity;
    done({ code, isOpen });
  });
});

/* Until the time is over, the browser is online again, or nobody looks any more. */
const pause = (ms, signal) => new Promise((done) => {
  const timer = setTimeout(done, ms);
  const end = () => { clearTimeout(timer); done(); };
  addEventListener("online", end, { once: true, signal });
  signal.addEventListener("abort", end, { once: true });
});

/* For the tab that has the socket: again and again, after pauses by chance that grow (full jitter). */
const lead = async (signal) => {
  let failures = 0;
  while (!signal.aborted && !isOver) {
    const { code, isOpen } = await connect(signal);
    failures = isOpen ? 0 : failures + 1;
    isOver = code === CLOSE.signedOut || code === CLOSE.refused;
    const atMost = code === CLOSE.tooMany ? LONGEST_PAUSE_MS
      : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (code === CLOSE.restart ? 2 : failures));
    if (!isOver && !signal.aborted) await pause(Math.random() * atMost, signal);
  }
};

const start = () => {
  if (leading || isOver || document.hidden || !("WebSocket" in window)) return;
  leading = new AbortController();
  const { signal } = leading;
  channel?.postMessage({ since: last });
  if (!navigator.locks) lead(signal);
  else navigator.locks.request("live", { signal }, () => lead(signal)).catch((error) => {
    if (error.name !== "AbortError") throw error;
  });
};
const stop = () => {
  leading?.abort();
  leading = null;
};

let leaving;
document.addEventListener("visibilitychange", () => {
  clearTimeout(leaving);
  if (document.hidden) leaving = setTimeout(stop, LEFT_MS);
  else start();
});
/* A page that is kept in the browser's memory must not hold the line. */
addEventListener("pagehide", stop);
addEventListener("pageshow", start);

/* What asks by the clock asks seldom while it is told; `data-live` marks what is. */
const askedAt = new Map();
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (!elt.hasAttribute("data-live") || requestConfig.triggeringEvent) return;
  const now = performance.now();
  if (isLive() && now - (askedAt.get(elt.id) ?? -Infinity) < POLL_MS) event.preventDefault();
  else askedAt.set(elt.id, now);
});

start();
