/* Progressive enhancement: every page works without this file; with it, things are quicker to reach. */

const root = document.documentElement;
const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/* Texts become markup by htmx alone, and only in a document that runs nothing; of scripts, none but our own
   worker is loaded by name. Whatever else tries, the browser refuses (Trusted Types, docs/security.md). */
const PARSERS = ["DOMParser parseFromString", "Document parseHTMLUnsafe"];
globalThis.trustedTypes?.createPolicy("default", {
  createHTML: (html, _type, sink) => (PARSERS.includes(sink) ? html : null),
  createScriptURL: (url) => (url === "/service-worker.js" ? url : null),
});

/* Theme: the form posts and the server remembers; here the page follows at once. */
const setTheme = (theme) => {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  for (const button of all("[data-theme-switch] button")) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
};

/* What was asked for is on its way: the button says so and can't be pressed twice. */
const busy = (button) => {
  button.setAttribute("aria-busy", "true");
  setTimeout(() => { button.disabled = true; });
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.matches("[data-theme-switch]") && button) {
    event.preventDefault();
    const body = new FormData(form, button);
    fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
    setTheme(button.value);
  } else if (button && form.method === "post" && !event.defaultPrevented) {
    busy(button);
    leaving = true;
  }
});

/* The page is left by a form, or as an answer said: what is still asked for must not come between, nor begin
   the way there anew. Whoever does not get there within this time goes on. */
const LEFT_WITHIN_MS = 5000;
let leaving = false;
for (const name of ["htmx:beforeRequest", "htmx:beforeOnLoad"]) {
  document.addEventListener(name, (event) => {
    if (leaving) event.preventDefault();
    else if (event.detail.xhr?.getResponseHeader("HX-Redirect")) {
      leaving = true;
      setTimeout(() => { leaving = false; }, LEFT_WITHIN_MS);
    }
  });
}

/* A page that comes back from the browser's memory must not still look busy. */
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  leaving = false;
  for (const button of all("[aria-busy=true]")) {
    button.removeAttribute("aria-busy");
    button.disabled = false;
  }
});

/* Dialogs: `command`/`commandfor` are native in current browsers; older ones get the same here. */
const nativeCommands = "command" in HTMLButtonElement.prototype;
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[commandfor]");
  if (button && !nativeCommands) {
    const target = document.getElementById(button.getAttribute("commandfor"));
    const command = button.getAttribute("command");
    if (command === "show-modal") target?.showModal();
    if (command === "close") target?.close();
  }
  if (event.target.matches?.("dialog[open]") && !event.target.hasAttribute("data-keep")) event.target.close();
});

/* Menus close on Escape (focus returns to where it came from), outside clicks, and when focus leaves. */
const closeMenus = (except) => {
  for (const menu of all("details.menu[open]")) if (menu !== except) menu.open = false;
};
document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("focusin", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.menu[open]");
  if (!menu) return;
  if (event.key === "Escape") {
    menu.open = false;
    one("summary", menu).focus();
  }
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const stops = all("summary, a[href], button:not([disabled])", menu);
    const step = event.key === "ArrowDown" ? 1 : -1;
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length]?.focus();
    event.preventDefault();
  }
});

/* Toasts: good news leaves by itself unless someone is reading it; bad news stays. */
const armToast = (toast) => {
  one("button", toast)?.addEventListener("click", () => toast.remove());
  if (toast.dataset.keep !== undefined) return;
  let timer;
  const start = () => { timer = setTimeout(() => toast.remove(), 6000); };
  const stop = () => clearTimeout(timer);
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, stop);
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, start);
  start();
};
const toast = (text, level = "success") => {
  const template = one("#toast-template");
  const region = one("#toasts");
  if (!template || !region) return;
  const node = template.content.firstElementChild.cloneNode(true);
  node.classList.add(`toast-${level}`);
  one("p", node).textContent = text;
  region.append(node);
  armToast(node);
};
all(".toast").forEach(armToast);
document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.level));
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast("The server could not be reached. Check your connection.", "error"));
}

/* Copy to the clipboard. */
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.classList.add("is-copied");
  one("[data-copy-status]", button).textContent = "Copied";
  setTimeout(() => {
    button.classList.remove("is-copied");
    one("[data-copy-status]", button).textContent = "";
  }, 2000);
});

/* A time zone nobody chose yet: offer the browser's. */
for (const hint of all("[data-time-zone-hint]")) {
  const field = document.getElementById(hint.dataset.timeZoneHint);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const known = field && zone && all("option", field).some((option) => option.value === zone);
  if (known && field.value !== zone) {
    one("[data-zone]", hint).textContent = zone.replaceAll("_", " ");
    hint.hidden = false;
    one("button", hint).addEventListener("click", () => {
      field.value = zone;
      hint.hidden = true;
      field.focus();
    });
  }
}

/* The address of a workspace follows its name until someone writes the address. */
const slugField = one("[data-slug-from]");
if (slugField) {
  const source = document.getElementById(slugField.dataset.slugFrom);
  let touched = slugField.value !== "";
  slugField.addEventListener("input", (event) => { if (event.isTrusted) touched = true; });
  source?.addEventListener("input", () => {
    if (touched) return;
    slugField.value = source.value.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase()
      .replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 40).replace(/-+$/, "");
    slugField.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

/* Filters apply as they are chosen. */
document.addEventListener("change", (event) => {
  if (event.target.matches("select[data-autosubmit]")) event.target.form.requestSubmit();
});

/* Command palette: Ctrl-K or ⌘K, or the search button. A combobox after the ARIA pattern. */
const palette = one("#palette");
if (palette) {
  const input = one("input", palette);
  const list = one("[role=listbox]", palette);
  const status = one("[role=status]", palette);
  let pages = [];
  let shown = [];
  let at = 0;
  let asked = 0;

  const render = () => {
    list.replaceChildren(...shown.map((item, index) => {
      const option = document.createElement("div");
      option.id = `palette-${index}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", String(index === at));
      const label = document.createElement("span");
      const group = document.createElement("span");
      label.textContent = item.label;
      group.textContent = item.group;
      option.append(label, group);
      option.addEventListener("click", () => { location.href = item.url; });
      return option;
    }));
    if (shown.length) input.setAttribute("aria-activedescendant", `palette-${at}`);
    else {
      input.removeAttribute("aria-activedescendant");
      const empty = document.createElement("p");
      empty.className = "palette-empty";
      empty.textContent = "Nothing matches.";
      list.append(empty);
    }
    status.textContent = `${shown.length} results`;
  };
  const load = async (query) => {
    const response = await fetch(`${palette.dataset.source}?q=${encodeURIComponent(query)}`,
      { headers: { Accept: "application/json" } });
    return response.ok ? (await response.json()).results : [];
  };
  const search = async () => {
    const query = input.value.trim().toLowerCase();
    const turn = ++asked;
    at = 0;
    shown = pages.filter((item) => item.label.toLowerCase().includes(query));
    render();
    if (query.length < 2) return;
    const found = await load(query);
    if (turn !== asked) return;
    shown = [...shown, ...found.filter((item) => !shown.some((known) => known.url === item.url))];
    render();
  };
  const open = async () => {
    if (palette.open) return;
    palette.showModal();
    input.value = "";
    input.focus();
    if (!pages.length) pages = await load("");
    search();
  };

  input.addEventListener("input", search);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      at = (at + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % (shown.length || 1);
      render();
      one("[aria-selected=true]", list)?.scrollIntoView({ block: "nearest" });
    }
    if (event.key === "Enter" && shown[at]) {
      event.preventDefault();
      location.href = shown[at].url;
    }
  });
  for (const button of all("[data-palette-open]")) {
    button.hidden = false;
    button.addEventListener("click", open);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      open();
    }
  });
}

/* Errors first: the summary of a form that came back takes the focus. */
one("[data-focus]")?.focus();
