// The theme that somebody chose in this browser. A plain script in the head: set before the page is painted first.
"use strict";
{
  const KEY = "theme";
  const NEXT = { system: "light", light: "dark", dark: "system" };
  let theme = "system";

  // A browser may refuse to keep anything for a site; the choice then holds for this page.
  function attempt(use) {
    try {
      return use();
    } catch (error) {
      console.warn("This browser keeps no theme for this site.", error);
      return null;
    }
  }

  function show() {
    document.documentElement.dataset.theme = theme;
    const button = document.querySelector("[data-theme-switch]");
    if (button) {
      button.hidden = false;
      button.textContent = button.dataset[theme];
    }
  }

  function showKept() {
    const kept = attempt(() => localStorage.getItem(KEY));
    theme = Object.hasOwn(NEXT, kept) ? kept : "system";
    show();
  }

  function choose() {
    theme = NEXT[theme];
    show();
    attempt(() => localStorage.setItem(KEY, theme));
  }

  showKept();
  addEventListener("storage", showKept); // chosen in another tab
  document.addEventListener("DOMContentLoaded", () => {
    show();
    document.querySelector("[data-theme-switch]").addEventListener("click", choose);
  });
}
