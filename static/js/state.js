// What a page adds to the cards for its own reader: dates in words, the numbers of this moment, their own likes.

import { refreshDates } from "./dates.js";
import { say } from "./toast.js";

const MOST_IDS = 100; // in one question
const SPREAD = 1_000; // ms over which pages that come back together ask

const known = new Map(); // by the post's id: { likes, comments, liked }, newer than what its card says
const onTheirWay = new Set(); // ids of posts whose like is being saved
let asked = false;

// Dress what has just been put in the page.
export function dress() {
  refreshDates();
  for (const button of document.querySelectorAll("button[data-like][disabled]")) {
    button.disabled = false;
  }
  known.forEach((_, id) => show(id));
}

// The numbers that a message told; gives those that were known before.
export function takeCounts(id, counts) {
  const before = known.get(id) ?? {};
  known.set(id, { ...before, ...counts });
  show(id);
  return before;
}

function show(id) {
  const { likes, comments, liked } = known.get(id);
  for (const element of document.querySelectorAll(`[data-post-id="${id}"]`)) {
    if (likes !== undefined) {
      element.querySelector("[data-likes]").textContent = likes;
      element.querySelector("[data-comments]").textContent = `${comments} comment${comments === 1 ? "" : "s"}`;
    }
    if (liked !== undefined) {
      element.querySelector("[aria-pressed]")?.setAttribute("aria-pressed", liked);
    }
  }
}

// After each hello: what was missed has no cursor and is not replayed.
export async function fetchState() {
  if (asked) {
    await new Promise((resume) => setTimeout(resume, Math.random() * SPREAD));
  }
  asked = true;
  const ids = [...document.querySelectorAll("[data-post-id]")].map((element) => element.dataset.postId);
  for (let start = 0; start < ids.length; start += MOST_IDS) {
    await fetchSome(ids.slice(start, start + MOST_IDS));
  }
}

async function fetchSome(ids) {
  // What is told while the answer is on its way may be newer than the answer.
  const told = new Map(ids.map((id) => [id, known.get(id)]));
  try {
    const response = await fetch(`/posts/state/?ids=${ids.join(",")}`);
    if (!response.ok) {
      throw new Error(`/posts/state/ answered ${response.status}`);
    }
    for (const [id, { likes, comments, liked }] of Object.entries(await response.json())) {
      takeCounts(id, known.get(id) === told.get(id) ? { likes, comments, liked } : { liked });
    }
  } catch (error) {
    console.warn("The numbers of this moment could not be fetched; the next hello does it again.", error);
  }
}

async function toggle(button) {
  const article = button.closest("[data-post-id]");
  const id = article.dataset.postId;
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!token) {
    location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  if (onTheirWay.has(id)) {
    return;
  }
  onTheirWay.add(id);
  const liked = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", liked); // at once; the number follows
  try {
    const headers = { Accept: "application/json", "X-CSRFToken": token };
    const response = await fetch(button.dataset.like, { method: "POST", headers });
    if (response.redirected) {
      location.assign(response.url); // the login has run out
    } else if (!response.ok) {
      throw new Error(`${button.dataset.like} answered ${response.status}`);
    } else {
      Object.entries(await response.json()).forEach(([post, { likes, comments, liked }]) =>
        takeCounts(post, { likes, comments, liked }),
      );
    }
  } catch (error) {
    console.warn("A like could not be saved.", error);
    button.setAttribute("aria-pressed", !liked);
    say("That could not be saved. Please try again.");
  }
  onTheirWay.delete(id);
}

export function takeLikes() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-like]");
    if (button) {
      event.preventDefault(); // on a post's own page it stands in a form
      toggle(button);
    }
  });
}
