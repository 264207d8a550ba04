// What keeps a page live and leaves its reader in peace: the poll, the event stream, and what a swap keeps.
"use strict";
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const POLL_MS = 20_000, HIDDEN = 6; // of a hidden tab, one poll of so many

  const refetch = () => htmx.trigger(document.body, "tick");
  const hidden = () => document.visibilityState === "hidden";
  let polls = 0;
  setInterval(() => {
    polls = hidden() ? (polls + 1) % HIDDEN : 0;
    if (!polls) refetch();
  }, POLL_MS);

  // A browser keeps six connections to a host: a hidden tab gives its stream back, and polls now and then for its title.
  let stream, opened = false;
  htmx.createEventSource = (url) => {
    stream?.close();
    stream = new EventSource(url);
    stream.addEventListener("open", () => {
      if (opened) refetch(); // what happened in between was not told
      opened = true;
    });
    if (hidden()) stream.close();
    return stream;
  };
  document.addEventListener("visibilitychange", () => {
    if (hidden()) return stream?.close();
    if (stream?.readyState === EventSource.CLOSED) stream.onerror(); // the extension opens a new one
    refetch();
  });

  // A swap keeps where one was: scroll positions, what is folded, and the focus of elements without an id (htmx: with).
  const scrolls = new Map(), folds = new Map();
  const named = (element) => `${element.tagName} ${element.getAttribute("href") ?? element.textContent}`;
  const alike = (name) => all("main :is(a, button, summary)").filter((element) => named(element) === name);
  let focused;
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const active = document.activeElement;
    const lost = active && !active.id && detail.target?.contains(active);
    focused = lost ? [named(active), alike(named(active)).indexOf(active)] : undefined;
    for (const element of all("[data-keep]")) scrolls.set(element.id, [element.scrollLeft, element.scrollTop]);
    for (const fold of all("details[id]")) folds.set(fold.id, fold.open);
  });
  document.addEventListener("htmx:afterSettle", () => {
    for (const [id, place] of scrolls) document.getElementById(id)?.scrollTo(...place);
    for (const fold of all("details[id]")) fold.open = folds.get(fold.id) ?? fold.open;
    if (focused && document.activeElement === document.body) alike(focused[0])[focused[1]]?.focus({ preventScroll: true });
  });
})();
