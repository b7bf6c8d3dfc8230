/* The workspace as an app: installing, updating, push messages. Pages work without any of it. */

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector) => [...document.querySelectorAll(selector)];
const member = one("meta[name=app-member]")?.content ?? "";
const signIn = one("meta[name=app-sign-in]")?.content ?? "";

/* --- A new version: its worker waits until the reader agrees, as pages may have unsaved forms. --- */

let agreed = false;
const offerUpdate = (worker) => {
  const template = one("#toast-template");
  if (!template || one("[data-update]")) return;
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.classList.add("toast-info");
  toast.dataset.update = "";
  one("p", toast).textContent = "A new version is ready.";
  const dismiss = one("button", toast);
  const reload = document.createElement("button");
  reload.type = "button";
  reload.className = "toast-action";
  reload.textContent = "Reload";
  reload.addEventListener("click", () => {
    agreed = true;
    worker.postMessage("take-over");
  });
  dismiss.addEventListener("click", () => toast.remove());
  dismiss.before(reload);
  one("#toasts").append(toast);
};

const CHECK_EVERY_MS = 60 * 60 * 1000;
const register = async () => {
  const registration = await navigator.serviceWorker.register("/service-worker.js", { updateViaCache: "none" });
  const inUse = () => navigator.serviceWorker.controller;
  if (registration.waiting && inUse()) offerUpdate(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker.addEventListener("statechange", () => {
      if (worker.state === "installed" && inUse()) offerUpdate(worker);
    });
  });
  navigator.serviceWorker.addEventListener("controllerchange", () => { if (agreed) location.reload(); });
  setInterval(() => registration.update().catch(() => {}), CHECK_EVERY_MS);
  return registration;
};

/* --- Installing, where the browser offers it. --- */

let offered;
const showInstall = (shown) => { for (const button of all("[data-install]")) button.hidden = !shown; };
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offered = event;
  showInstall(true);
});
addEventListener("appinstalled", () => showInstall(false));
document.addEventListener("click", async (event) => {
  if (!event.target.closest("[data-install]") || !offered) return;
  await offered.prompt();
  offered = undefined;
  showInstall(false);
});

/* --- Push messages. What this browser knows of its own device: {id, member, digest, signIn, seenAt}. --- */

const DEVICES = "/api/v1/push-devices/";
const KEPT = "push-device";
const kept = () => JSON.parse(localStorage.getItem(KEPT) ?? "null");
const keep = (device) => localStorage.setItem(KEPT, JSON.stringify(device));
const forget = () => localStorage.removeItem(KEPT);

const call = (method, path, body) => fetch(`${DEVICES}${path}`, {
  method,
  headers: { "Content-Type": "application/json", "X-CSRFToken": one("[name=csrfmiddlewaretoken]")?.value ?? "" },
  body: body && JSON.stringify(body),
});

const digestOf = async (text) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
};

const tell = async (subscription) => {
  const answer = await call("POST", "", { kind: "web", subscription });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  const { id, digest } = await answer.json();
  keep({ id, digest, member, signIn, seenAt: Date.now() });
};

const turnOff = async (subscription) => {
  const device = kept();
  forget();
  await subscription?.unsubscribe();
  return device;
};

/* Once an hour, and after signing in again: the device is in use. It may have been removed elsewhere, too. */
const checkIn = async (registration) => {
  const device = kept();
  if (!device || device.member !== member) return;
  const subscription = await registration.pushManager.getSubscription();
  if (!subscription || Notification.permission !== "granted") {
    await turnOff(subscription);
    await call("DELETE", `${device.id}/`);
    return;
  }
  if (await digestOf(subscription.endpoint) !== device.digest) {
    await tell(subscription);
    await call("DELETE", `${device.id}/`);
    return;
  }
  if (device.signIn === signIn && Date.now() - device.seenAt < CHECK_EVERY_MS) return;
  const answer = await call("POST", `${device.id}/seen/`);
  if (answer.ok) keep({ ...device, signIn, seenAt: Date.now() });
  else if (answer.status === 404) await turnOff(subscription);
};

/* The page of devices: turning this browser on and off. */
const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const sameKey = (subscription, key) => {
  const used = subscription.options.applicationServerKey;
  return used && [...new Uint8Array(used)].join() === [...key].join();
};

const devicesPage = async (section, registration) => {
  const say = (state) => {
    for (const part of all("[data-push-state]")) part.hidden = part.dataset.pushState !== state;
  };
  const fail = (text) => {
    one("[data-push-error]", section).textContent = text;
    one("[data-push-error]", section).hidden = false;
  };
  const refresh = async () => {
    if (!registration?.pushManager || !("Notification" in window)) return say("unsupported");
    if (Notification.permission === "denied") return say("denied");
    const subscription = await registration.pushManager.getSubscription();
    const digest = subscription && await digestOf(subscription.endpoint);
    const row = digest && one(`[data-digest="${digest}"]`);
    if (row) one("[data-here]", row).hidden = false;
    return say(row && kept()?.member === member ? "on" : "off");
  };

  one("[data-push-on]", section).addEventListener("click", async (event) => {
    const button = event.currentTarget;
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    try {
      if (await Notification.requestPermission() === "granted") {
        const key = bytesOf(section.dataset.key);
        let subscription = await registration.pushManager.getSubscription();
        if (subscription && !sameKey(subscription, key)) {
          await subscription.unsubscribe();
          subscription = null;
        }
        subscription ??= await registration.pushManager
          .subscribe({ userVisibleOnly: true, applicationServerKey: key });
        await tell(subscription);
        location.reload();
        return;
      }
    } catch (error) {
      fail(`This browser's push service did not take part: ${error.message}`);
    }
    button.removeAttribute("aria-busy");
    button.disabled = false;
    refresh();
  });
  one("[data-push-off]", section).addEventListener("click", async () => {
    const device = await turnOff(await registration.pushManager.getSubscription());
    if (device) await call("DELETE", `${device.id}/`);
    location.reload();
  });
  await refresh();
};

/* There is none over plain HTTP, but on localhost, nor in some private windows. */
const worker = async () => {
  if (!("serviceWorker" in navigator)) return undefined;
  try {
    await register();
  } catch (error) {
    console.info(`No service worker: ${error.message}`);
    return undefined;
  }
  return navigator.serviceWorker.ready;
};

const section = one("[data-push]");
const registration = await worker();
if (member && registration?.pushManager) await checkIn(registration);
if (section) await devicesPage(section, registration);
