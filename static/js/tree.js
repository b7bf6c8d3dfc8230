/* The tree by keyboard, after the ARIA pattern, and by dragging; without this file its links open it page by page. */

const tree = document.querySelector("[role=tree]");
const items = () => [...tree.querySelectorAll("[role=treeitem]")].filter((item) => !item.closest("[hidden]"));
const toggleOf = (item) => item.querySelector(":scope > .row > a.tree-toggle");
const groupOf = (item) => item.querySelector(":scope > [role=group]");
const linkOf = (item) => item.querySelector(":scope > .row > a.cover");
const isOpen = (item) => item.getAttribute("aria-expanded") === "true";

/* One stop for the Tab key: the item that has it, and no link within. What is dragged is the item, not its link. */
const prepare = () => {
  for (const link of tree.querySelectorAll("a")) [link.tabIndex, link.draggable] = [-1, false];
  for (const item of tree.querySelectorAll("[data-move]")) item.draggable = true;
  for (const item of tree.querySelectorAll("[role=treeitem]")) if (!item.hasAttribute("tabindex")) item.tabIndex = -1;
  if (!tree.querySelector("[role=treeitem][tabindex='0']")) items()[0]?.setAttribute("tabindex", "0");
};
const visit = (item) => {
  if (!item) return;
  tree.querySelector("[role=treeitem][tabindex='0']")?.setAttribute("tabindex", "-1");
  item.tabIndex = 0;
  item.focus();
};

const set = (item, open) => {
  const toggle = toggleOf(item);
  if (!toggle || isOpen(item) === open) return;
  item.setAttribute("aria-expanded", String(open));
  groupOf(item).hidden = !open;
  if (open && toggle.dataset.loaded === undefined) {
    toggle.dataset.loaded = "";
    htmx.trigger(toggle, "tree:open");
  }
};

let typed = "";
let typedAt = 0;
const typeahead = (from, key) => {
  const now = Date.now();
  typed = now - typedAt < 700 ? typed + key : key;
  typedAt = now;
  const all = items();
  const start = all.indexOf(from) + (typed.length === 1 ? 1 : 0);
  const round = [...all.slice(start), ...all.slice(0, start)];
  return round.find((item) => linkOf(item)?.textContent.trim().toLowerCase().startsWith(typed.toLowerCase()));
};

const keys = {
  ArrowDown: (item, all) => visit(all[all.indexOf(item) + 1]),
  ArrowUp: (item, all) => visit(all[all.indexOf(item) - 1]),
  Home: (_item, all) => visit(all[0]),
  End: (_item, all) => visit(all.at(-1)),
  ArrowRight: (item) => {
    if (!toggleOf(item)) return;
    if (isOpen(item)) visit(groupOf(item).querySelector("[role=treeitem]"));
    else set(item, true);
  },
  ArrowLeft: (item) => {
    if (isOpen(item)) set(item, false);
    else visit(item.parentElement.closest("[role=treeitem]"));
  },
  Enter: (item) => linkOf(item).click(),
  " ": (item) => set(item, !isOpen(item)),
};

/* Dropping an organization on another leads to the page that says what the move would change, and asks. */
const OPEN_AFTER_MS = 700;
let dragged = null;
let over = null;
let opening = 0;
const itemAt = (element) => element.closest("[role=treeitem]");
const isPlace = (item) => item?.dataset.place && !dragged.contains(item) && item !== itemAt(dragged.parentElement);
const hover = (item) => {
  if (item === over) return;
  clearTimeout(opening);
  over?.classList.remove("is-target");
  over = item;
  over?.classList.toggle("is-target", Boolean(isPlace(over)));
  /* What is closed opens when the pointer rests on it. */
  if (over && over !== dragged) opening = setTimeout(() => set(item, true), OPEN_AFTER_MS);
};
const drag = {
  dragstart: (event) => {
    dragged = event.target.closest("[data-move]");
    if (!dragged) return;
    dragged.classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", linkOf(dragged).textContent.trim());
  },
  dragover: (event) => {
    if (!dragged) return;
    hover(itemAt(event.target));
    if (!isPlace(over)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
  },
  dragleave: (event) => {
    if (dragged && !tree.contains(event.relatedTarget)) hover(null);
  },
  drop: (event) => {
    if (!dragged || !isPlace(over)) return;
    event.preventDefault();
    location.href = `${dragged.dataset.move}?parent_id=${over.dataset.place}`;
  },
  dragend: () => {
    hover(null);
    dragged?.classList.remove("is-dragged");
    dragged = null;
  },
};

if (tree) {
  prepare();
  for (const [name, act] of Object.entries(drag)) tree.addEventListener(name, act);
  tree.addEventListener("keydown", (event) => {
    const item = event.target.closest("[role=treeitem]");
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key](item, items());
    } else if (event.key.length === 1) visit(typeahead(item, event.key));
  });
  tree.addEventListener("click", (event) => {
    const toggle = event.target.closest("a.tree-toggle");
    if (!toggle || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const item = toggle.closest("[role=treeitem]");
    set(item, !isOpen(item));
    visit(item);
  });
  /* What has come is part of the tree; where "more" was pressed, the first of it takes the focus. */
  let more = null;
  tree.addEventListener("htmx:beforeSwap", (event) => {
    const item = event.detail.target.closest("[role=treeitem]");
    more = event.detail.target === item && item.contains(document.activeElement)
      ? { group: item.parentElement, at: [...item.parentElement.children].indexOf(item) } : null;
  });
  tree.addEventListener("htmx:afterSwap", () => {
    prepare();
    if (more) visit(more.group.children[more.at]);
    more = null;
  });
  tree.addEventListener("htmx:responseError", (event) => {
    const toggle = event.target.closest("a.tree-toggle");
    if (toggle) location.href = toggle.href;
  });
}
