// Fetches the page anew and swaps what may have changed, without touching what a reader types or where they are.

import { refreshDates } from "./cards.js";

export async function refresh() {
  const old = document.querySelector("[data-refresh]");
  if (!old) {
    return;
  }
  const response = await fetch(location.href);
  if (response.redirected) {
    location.replace(response.url); // the post has got its address, or another one
    return;
  }
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-refresh]");
  if (fresh) {
    old.replaceWith(document.adoptNode(fresh));
    refreshDates();
  } else {
    location.reload();
  }
}
