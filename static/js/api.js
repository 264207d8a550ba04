// Swagger UI has a dark look of its own; it follows the theme of the other pages.
"use strict";

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");

function follow() {
  const theme = root.dataset.theme;
  root.classList.toggle("dark-mode", theme ? theme === "dark" : system.matches);
}

system.addEventListener("change", follow);
new MutationObserver(follow).observe(root, { attributeFilter: ["data-theme"] });
follow();
