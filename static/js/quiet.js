// The switch that pauses alerts, for all tabs of this browser. Lists go on following, and numbers counting.

import { t } from "./words.js";

const KEY = "quiet";
let quiet = false;

let store = null;
try {
  store = localStorage;
} catch (error) {
  console.warn("This browser keeps no choice for this site.", error);
}

function show() {
  const button = document.querySelector("[data-quiet-switch]");
  button.hidden = false;
  button.textContent = t(quiet ? "Alerts: paused" : "Alerts: on");
}

function showKept() {
  quiet = store?.getItem(KEY) === "yes";
  show();
}

function choose() {
  quiet = !quiet;
  show();
  store?.setItem(KEY, quiet ? "yes" : "no");
}

export function isQuiet() {
  return quiet;
}

export function offerQuiet() {
  document.querySelector("[data-quiet-switch]")?.addEventListener("click", choose);
  addEventListener("storage", showKept); // chosen in another tab
  showKept();
}
