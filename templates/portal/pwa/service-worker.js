const CONFIG = {{ config|safe }};

/* Keeps the page that is shown offline and what it needs; never a page of somebody's. Shows push messages. */

const CACHE = `shell-${VERSION}`;

addEventListener("install", (event) => {
  const fresh = [CONFIG.offline, ...CONFIG.files].map((url) => new Request(url, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

addEventListener("activate", (event) => {
  const takeOver = async () => {
    for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
    await registration.navigationPreload?.enable();
    await clients.claim();
  };
  event.waitUntil(takeOver());
});

/* A page asks for it when its reader has: others keep working with the version that they began with. */
addEventListener("message", (event) => {
  if (event.data === "take-over") skipWaiting();
});

const kept = async (url) => (await caches.open(CACHE)).match(url);

const page = async (event) => {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    return (await kept(CONFIG.offline)) ?? Response.error();
  }
};

const file = async (request) => {
  try {
    return await fetch(request);
  } catch {
    return (await kept(request)) ?? Response.error();
  }
};

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (CONFIG.files.includes(new URL(request.url).pathname)) event.respondWith(file(request));
});

/* Push messages: {title, body, url, tag}. One with the tag of another takes its place. */

const noteIn = (event) => {
  try {
    return event.data.json();
  } catch {
    return { title: CONFIG.name };
  }
};

addEventListener("push", (event) => {
  const { title, body, url, tag } = noteIn(event);
  const options = { body, tag, icon: CONFIG.icon, badge: CONFIG.badge, data: { url } };
  event.waitUntil(registration.showNotification(title || CONFIG.name, options));
});

addEventListener("notificationclick", (event) => {
  event.notification.close();
  const target = new URL(event.notification.data?.url || "/", location.origin).href;
  const show = async () => {
    const open = await clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = open.find((client) => client.url === target);
    if (there) return there.focus();
    return clients.openWindow(target);
  };
  event.waitUntil(show());
});

/* The browser's push service gave the browser another address: the device is the same, if it still is one. */

const digestOf = async (text) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

const csrfToken = async () => {
  const text = await (await fetch(CONFIG.page)).text();
  return text.match(/name="csrfmiddlewaretoken" value="([^"]+)"/)?.[1] ?? "";
};

addEventListener("pushsubscriptionchange", (event) => {
  const renew = async () => {
    const before = event.oldSubscription;
    const listed = before && await fetch(CONFIG.devices);
    if (!listed?.ok) return;
    const digest = await digestOf(before.endpoint);
    const device = (await listed.json()).results.find((one) => one.digest === digest);
    if (!device) return;
    const now = event.newSubscription ?? await registration.pushManager.subscribe(before.options);
    const headers = { "Content-Type": "application/json", "X-CSRFToken": await csrfToken() };
    const body = JSON.stringify({ kind: "web", subscription: now, label: device.label });
    const made = await fetch(CONFIG.devices, { method: "POST", headers, body });
    if (made.ok) await fetch(`${CONFIG.devices}${device.id}/`, { method: "DELETE", headers });
  };
  event.waitUntil(renew());
});
