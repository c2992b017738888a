// Fetches the page anew and swaps the regions that may have changed, without touching what a reader types or where
// they are. A region is what carries `data-refresh`, with its name.

import { forgetHeld, keepPlace } from "./cards.js";
import { mergeComments } from "./comments.js";
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
  if (response.redirected) {
    location.replace(response.url); // the post has got its address, or another one
  } else if (response.status === 404) {
    location.reload(); // it is gone, and the server says so better
  } else if (!response.ok) {
    throw new Error(`${location.href} answered ${response.status}`);
  }
  return response.text();
}

function swap(html, names) {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const region of regions().filter((region) => names.has(region.dataset.refresh))) {
    const fresh = page.querySelector(`[data-refresh="${region.dataset.refresh}"]`);
    if (fresh) {
      const merge = merges[region.dataset.refresh];
      document.adoptNode(fresh);
      keepPlace(() => (merge ? merge(region, fresh) : region.replaceWith(fresh)));
    }
  }
  if (names.has("cards")) {
    forgetHeld();
  }
  dress();
}

function backOff() {
  return Math.random() * Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** failures);
}
