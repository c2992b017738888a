// What a page adds to the cards for its own reader: dates in words, the numbers of this moment, their own likes.

import { figure, t } from "./words.js";
import { refreshDates } from "./dates.js";
import { say } from "./toast.js";

const MOST_IDS = 100; // in one question

// By the post's id, and newer than what its card says.
const counts = new Map(); // { likes, comments }
const liked = new Map(); // whether this reader likes it
const beingSaved = new Set(); // ids of posts whose like is on its way

// Dress what has just been put in the page.
export function dress() {
  refreshDates();
  for (const button of document.querySelectorAll("button[data-like][disabled]")) {
    button.disabled = false;
  }
  new Set([...counts.keys(), ...liked.keys()]).forEach(show);
}

// The numbers that a message told. Gives whether there are other comments than before, or not known to be the same.
export function takeCounts(id, { likes, comments }) {
  const changed = counts.get(id)?.comments !== comments;
  counts.set(id, { likes, comments });
  show(id);
  return changed;
}

function takeLiked(id, value) {
  liked.set(id, value);
  show(id);
}

function show(id) {
  for (const element of document.querySelectorAll(`[data-post-id="${id}"]`)) {
    if (counts.has(id)) {
      const { likes, comments } = counts.get(id);
      element.querySelector("[data-likes]").textContent = figure(likes);
      element.querySelector("[data-comments]").textContent = t(comments === 1 ? "{n} comment" : "{n} comments", { n: comments });
    }
    if (liked.has(id)) {
      element.querySelector("[aria-pressed]")?.setAttribute("aria-pressed", liked.get(id));
    }
  }
}

// Asks for what has no cursor and so is not replayed. Gives the states of the posts, by id.
export async function fetchState(ids) {
  const states = {};
  for (let start = 0; start < ids.length; start += MOST_IDS) {
    Object.assign(states, await fetchSome(ids.slice(start, start + MOST_IDS)));
  }
  return states;
}

async function fetchSome(ids) {
  // What is told, or pressed, while the answer is on its way may be newer than the answer.
  const [told, pressed] = [new Map(counts), new Map(liked)];
  try {
    const response = await fetch(`/posts/state/?ids=${ids.join(",")}`);
    if (!response.ok) {
      throw new Error(`/posts/state/ answered ${response.status}`);
    }
    const states = await response.json();
    for (const [id, state] of Object.entries(states)) {
      if (counts.get(id) === told.get(id)) {
        takeCounts(id, state);
      }
      if (liked.get(id) === pressed.get(id) && !beingSaved.has(id)) {
        takeLiked(id, state.liked);
      }
    }
    return states;
  } catch (error) {
    console.warn("The numbers of this moment could not be fetched; the next hello does it again.", error);
    return {};
  }
}

async function press(button) {
  const id = button.closest("[data-post-id]").dataset.postId;
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!token) {
    location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    return;
  }
  if (beingSaved.has(id)) {
    return;
  }
  beingSaved.add(id);
  const wanted = button.getAttribute("aria-pressed") !== "true";
  takeLiked(id, wanted); // at once; the number follows
  try {
    const headers = { Accept: "application/json", "X-CSRFToken": token };
    const body = new URLSearchParams({ liked: wanted });
    const response = await fetch(button.dataset.like, { method: "POST", headers, body });
    if (response.redirected) {
      location.assign(response.url); // the login has run out
    } else if (response.status === 403) {
      takeLiked(id, !wanted);
      say(t("This page is older than your login. Please reload it."));
    } else if (!response.ok) {
      throw new Error(`${button.dataset.like} answered ${response.status}`);
    } else {
      Object.entries(await response.json()).forEach(([post, state]) => takeCounts(post, state));
    }
  } catch (error) {
    console.warn("A like could not be saved.", error);
    takeLiked(id, !wanted);
    say(t("That could not be saved. Please try again."));
  }
  beingSaved.delete(id);
}

export function takeLikes() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-like]");
    if (button) {
      event.preventDefault(); // on a post's own page it stands in a form
      press(button);
    }
  });
}
