// What HTML cannot do by itself: ticking ages, greying what is too old, keys, copying, the theme without a reload.
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // The server's clock counts: ages must be right on a machine whose own clock is wrong.
  let skew = 0;
  const readClock = () => {
    const stamps = all("[data-now]").map((element) => Date.parse(element.dataset.now));
    const now = Math.max(...stamps);
    if (Number.isFinite(now)) skew = now - Date.now();
  };

  // The same words as dashboard/words.py: two units from an hour on, one below.
  const words = (seconds) => {
    const s = Math.max(0, Math.floor(seconds));
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min`;
    if (s < 86400) {
      const minutes = Math.floor((s % 3600) / 60);
      return minutes ? `${Math.floor(s / 3600)} h ${minutes} min` : `${Math.floor(s / 3600)} h`;
    }
    return `${Math.floor(s / 86400)} d`;
  };
  // As duration_words there.
  const leftWords = (seconds) => {
    const s = Math.max(0, Math.floor(seconds)), minutes = Math.floor(s / 60);
    if (minutes >= 60) return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
    return [minutes ? `${minutes} min` : "", s % 60 || !minutes ? `${s % 60} s` : ""].filter(Boolean).join(" ");
  };
  const tickAges = () => {
    const now = Date.now() + skew;
    for (const time of all("time[data-age]")) {
      const text = words((now - Date.parse(time.dateTime)) / 1000);
      const shown = time.dataset.age === "short" ? text.replace(/ h .*/, " h") : text;
      if (time.textContent !== shown) time.textContent = shown;
    }
    // What is left was said when the page was written; the clock of this machine only counts on.
    for (const time of all("time[data-left]")) {
      time.dataset.end ??= String(Date.now() + Number(time.dataset.left) * 1000);
      const text = leftWords((Number(time.dataset.end) - Date.now()) / 1000);
      if (time.textContent !== text) time.textContent = text;
    }
    for (const line of all("[data-observed]")) {
      const outdated = (now - Date.parse(line.dataset.observed)) / 1000 > Number(line.dataset.limit);
      const scope = line.closest("[data-scope]");
      if (!scope || scope.hasAttribute("data-outdated") === outdated) continue;
      scope.toggleAttribute("data-outdated", outdated);
      const state = line.querySelector(".state");
      if (outdated && state) Object.assign(state, { textContent: "stale" }).dataset.h = "stale";
    }
  };

  // Title, favicon and the spoken summary follow the newest fragment.
  let spoken = document.querySelector("[data-summary]")?.dataset.summary;
  const followFragment = () => {
    readClock();
    const fragment = document.querySelector("[data-summary]");
    if (fragment && fragment.dataset.summary !== spoken) {
      spoken = fragment.dataset.summary;
      document.getElementById("spoken").textContent = spoken;
    }
    // A page that counts nothing of its own counts the alarms that fire.
    const counting = document.querySelector("[data-summary][data-problems]") ?? document.getElementById("standing");
    if (counting) {
      const count = Number(counting.dataset.problems);
      const icon = document.querySelector("link[rel=icon]");
      document.title = document.title.replace(/^(\(\d+\) )?/, count ? `(${count}) ` : "");
      icon.href = count ? icon.dataset.down : icon.dataset.up;
    }
    tickAges();
  };

  setInterval(tickAges, 1000);
  document.addEventListener("htmx:afterSettle", followFragment);

  const copy = async (text) => {
    if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
    const area = Object.assign(document.createElement("textarea"), { value: text, className: "hush" });
    document.body.append(area);
    area.select();
    document.execCommand("copy"); // the only way without TLS
    area.remove();
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (button) {
      event.preventDefault();
      const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
      await copy(source ? (source.value ?? source.textContent) : button.dataset.copy);
      button.dataset.label ??= button.textContent;
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = button.dataset.label; }, 1500);
    }
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("submit", (event) => {
    const theme = event.submitter?.name === "theme" && event.submitter.value;
    if (!theme) return;
    event.preventDefault();
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const button of all("button[name=theme]")) button.setAttribute("aria-pressed", button.value === theme);
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  // Keys: / searches, j and k walk rows, arrows walk the matrix, Escape closes menus.
  const step = (list, by) => {
    const at = list.indexOf(document.activeElement);
    list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1)]?.focus();
  };
  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const walkMatrix = (event) => {
    const cell = document.activeElement?.closest(".matrix tbody :is(td, th)");
    if (!cell || !MOVES[event.key]) return;
    event.preventDefault();
    const [down, right] = MOVES[event.key];
    const rows = [...cell.closest("table").querySelectorAll("tbody tr")];  // of all groups
    let row = cell.parentElement, column = cell.cellIndex;
    for (;;) {
      row = down ? rows[rows.indexOf(row) + down] : row;
      column += right;
      const link = row?.cells[column] && row.cells[column].querySelector("a");
      if (!row?.cells[column]) return;
      if (link) return link.focus();
    }
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") for (const menu of all("details.menu[open]")) menu.open = false;
    if (event.target.closest("input, textarea, select")) return;
    if (event.key === "/") { event.preventDefault(); document.getElementById("q")?.focus(); }
    else if (event.key === "j") step(all("[data-row]"), 1);
    else if (event.key === "k") step(all("[data-row]"), -1);
    else walkMatrix(event);
  });

  followFragment();
})();
