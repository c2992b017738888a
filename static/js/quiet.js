// The switch that pauses alerts, for all tabs of this browser. Lists go on following, and numbers counting.

import { t } from "./words.js";

const KEY = "quiet";
let quiet = false;

// A browser may refuse to keep anything for a site; the choice then holds for this page.
function attempt(use) {
  try {
    return use();
  } catch (error) {
    console.warn("This browser keeps no choice for this site.", error);
    return null;
  }
}

function show() {
  const button = document.querySelector("[data-quiet-switch]");
  button.hidden = false;
  button.textContent = t(quiet ? "Alerts: paused" : "Alerts: on");
}

function showKept() {
  quiet = attempt(() => localStorage.getItem(KEY)) === "yes";
  show();
}

function choose() {
  quiet = !quiet;
  show();
  attempt(() => localStorage.setItem(KEY, quiet ? "yes" : "no"));
}

export function isQuiet() {
  return quiet;
}

export function offerQuiet() {
  document.querySelector("[data-quiet-switch]")?.addEventListener("click", choose);
  addEventListener("storage", showKept); // chosen in another tab
  showKept();
}
