// Fetches the page anew and swaps the regions that may have changed, without touching what a reader types or where
// they are. A region is what carries `data-refresh`, with its name.

import { t } from "./words.js";
import { forgetHeld } from "./cards.js";
import { mergeComments } from "./comments.js";
import { keepPlace } from "./place.js";
import { dress } from "./state.js";

const BACK_OFF = { first: 2_000, longest: 30_000 }; // ms

const merges = { comments: mergeComments };

let running = false;
let wanted = new Set(); // names of regions
let failures = 0;
const waiting = [];

// Do it now; or, where the page is being fetched, to what comes of that: it may be older than the news.
export function whenFresh(act) {
  if (running) {
    waiting.push(act);
  } else {
    act();
  }
}

function regions() {
  return [...document.querySelectorAll("[data-refresh]")];
}

// Of the page's regions those with these names, or all.
export async function refresh(...names) {
  for (const region of regions()) {
    if (!names.length || names.includes(region.dataset.refresh)) {
      wanted.add(region.dataset.refresh);
    }
  }
  if (running || !wanted.size) {
    return;
  }
  running = true;
  while (wanted.size) {
    const now = wanted;
    wanted = new Set();
    try {
      swap(await fetchPage(), now);
      failures = 0;
    } catch (error) {
      console.warn("The page could not be fetched anew; it is tried again.", error);
      now.forEach((name) => wanted.add(name));
      failures += 1;
      await new Promise((resume) => setTimeout(resume, backOff()));
    }
  }
  running = false;
  waiting.splice(0).forEach((act) => act());
}

async function fetchPage() {
  const response = await fetch(location.href);
  if (response.status === 404) {
    return gone();
  }
  if (!response.ok) {
    throw new Error(`${location.href} answered ${response.status}`);
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  if (response.redirected) {
    goTo(response.url, page);
  }
  return page;
}

// Where the address has changed and the page is still the same, somebody may be typing in it.
function goTo(url, page) {
  if (document.querySelector("[data-refresh=post]") && page.querySelector("[data-refresh=post]")) {
    history.replaceState(null, "", url);
  } else {
    location.replace(url);
  }
}

// The page's post is no more. The rest stays: somebody may be in the midst of a comment, and want to keep the words.
export function gone() {
  const post = document.querySelector("[data-refresh=post]");
  if (document.querySelector("[data-gone]")) {
    return null;
  }
  if (!post) {
    location.reload(); // the server says it better
    return null;
  }
  const words = document.createElement("p");
  words.className = "message";
  words.dataset.gone = "";
  words.textContent = t("This post has just been taken away.");
  keepPlace(() => post.replaceWith(words));
  document.querySelector(".talk form .acts")?.remove(); // nobody takes a comment any more; its words can be copied
  return null;
}

function swap(page, names) {
  for (const region of regions().filter((region) => names.has(region.dataset.refresh))) {
    const fresh = page?.querySelector(`[data-refresh="${region.dataset.refresh}"]`);
    if (fresh) {
      const merge = merges[region.dataset.refresh] ?? replaceAll;
      keepPlace(() => merge(region, document.adoptNode(fresh)));
    }
  }
  if (names.has("cards")) {
    forgetHeld();
  }
  dress();
}

// What had the focus has it again, where it is there again.
function replaceAll(region, fresh) {
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  const attribute = ["id", "href", "data-like", "name"].find((name) => focused?.hasAttribute(name));
  if (region.querySelector("details.spoils[open]")) {
    fresh.querySelector("details.spoils")?.setAttribute("open", ""); // somebody is reading it
  }
  region.replaceChildren(...fresh.childNodes);
  if (attribute) {
    const value = CSS.escape(focused.getAttribute(attribute));
    region.querySelector(`${focused.localName}[${attribute}="${value}"]`)?.focus({ preventScroll: true });
  }
}

function backOff() {
  return Math.random() * Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** failures);
}
