// Fetches the page anew and swaps what may have changed, without touching what a reader types or where they are.

import { refreshDates } from "./cards.js";

const BACK_OFF = { first: 2_000, longest: 30_000 }; // ms

let running = false;
let again = false;
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

export async function refresh() {
  again = true;
  if (running || !document.querySelector("[data-refresh]")) {
    return;
  }
  running = true;
  while (again) {
    again = false;
    try {
      swap(await fetchPage());
      failures = 0;
    } catch (error) {
      console.warn("The page could not be fetched anew; it is tried again.", error);
      again = true;
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

function swap(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-refresh]");
  if (fresh) {
    document.querySelector("[data-refresh]").replaceWith(document.adoptNode(fresh));
    refreshDates();
  }
}

function backOff() {
  return Math.random() * Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** failures);
}
