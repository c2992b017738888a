// The cards of a list: new ones slide in at the top, or wait while somebody reads further down; changes follow.

import { isAtTop, keepPlace } from "./place.js";
import { dress } from "./state.js";
import { showUnseen } from "./unseen.js";
import { translate } from "./words.js";

const NEW_FOR = 6_000; // ms that a card looks new
const GLIDE = { duration: 450, easing: "cubic-bezier(.2, .7, .2, 1)" };

const held = new Map(); // by the post's number: cards that wait until the reader is at the top
const slidInUnseen = new Set(); // numbers of posts whose cards slid in while nobody looked at this tab

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // the server's own rendering, the same that the list is made of
  translate(template.content);
  return template.content.firstElementChild;
}

function cardOf(id) {
  return document.querySelector(`.card[data-post-id="${id}"]`);
}

function isNewer(one, other) {
  const difference = Date.parse(one.dataset.published) - Date.parse(other.dataset.published);
  return difference > 0 || (difference === 0 && Number(one.dataset.postId) > Number(other.dataset.postId));
}

// The first card that stands below it in the list.
function below(card) {
  return [...document.querySelectorAll("[data-cards] .card")].find((other) => isNewer(card, other)) ?? null;
}

// A page of older posts, or one that is no list, takes no new cards; nor does a page that ends above this one.
function isOnThisPage(card) {
  const list = document.querySelector("[data-cards]");
  return list !== null && (below(card) !== null || !document.querySelector("[rel=next]"));
}

function countUnseen() {
  showUnseen(held.size, slidInUnseen.size);
}

// Gives the card where it is news to this page, else null.
export function insert(notice, belongs) {
  const card = parse(notice.html);
  if (!belongs(card)) {
    return null;
  }
  if (cardOf(notice.new_id) || held.has(notice.new_id)) {
    replace(notice, belongs);
    return null;
  }
  if (isOnThisPage(card)) {
    held.set(notice.new_id, card);
    if (isAtTop()) {
      slideIn();
    }
    countUnseen();
  }
  return card;
}

// Puts the cards in that wait; gives the uppermost.
function slideIn() {
  const cards = [...held.values()].sort((one, other) => (isNewer(one, other) ? -1 : 1));
  held.clear();
  if (isAtTop()) {
    scrollTo({ top: 0, behavior: "instant" }); // further down a browser keeps what is read in place, and these hidden
  }
  document.querySelector("[data-cards] .empty")?.remove();
  const places = placesBelow();
  for (const card of cards) {
    document.querySelector("[data-cards]").insertBefore(card, below(card));
    card.classList.add("new");
    setTimeout(() => card.classList.remove("new"), NEW_FOR);
    if (document.hidden) {
      slidInUnseen.add(Number(card.dataset.postId));
    }
  }
  dress();
  makeRoom(places);
  return cards[0];
}

function placesBelow() {
  const elements = [...document.querySelectorAll("[data-cards] > *, .more, .foot")];
  return elements.map((element) => [element, element.getBoundingClientRect().top]);
}

// What a new card has pushed down is drawn where it was, and glides from there: nothing jumps.
function makeRoom(places) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    return;
  }
  for (const [element, top] of places) {
    const way = top - element.getBoundingClientRect().top;
    element.animate([{ transform: `translateY(${way}px)` }, { transform: "none" }], GLIDE);
  }
}

// Gives whether this page has the card.
export function replace(notice, belongs) {
  const [card, old] = [parse(notice.html), cardOf(notice.new_id)];
  if (!belongs(card)) {
    remove(notice.new_id); // it is about another book now
    return false;
  }
  if (held.has(notice.new_id)) {
    held.set(notice.new_id, card);
  } else if (old) {
    const hadFocus = old.contains(document.activeElement);
    keepPlace(() => old.replaceWith(card));
    if (hadFocus) {
      card.querySelector("h2 a").focus({ preventScroll: true });
    }
  }
  dress();
  return held.has(notice.new_id) || old !== null;
}

export function remove(id) {
  held.delete(id);
  slidInUnseen.delete(id);
  keepPlace(() => cardOf(id)?.remove());
  countUnseen();
}

// Ids of posts whose cards wait.
export function heldIds() {
  return [...held.keys()].map(String);
}

// The list has been fetched anew: what waited is in it, or is gone.
export function forgetHeld() {
  held.clear();
  countUnseen();
}

// What the pill does. The focus goes where the reader's eyes go: the pill itself is gone.
function showHeld() {
  const first = slideIn();
  countUnseen();
  const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
  scrollTo({ top: 0, behavior });
  first.querySelector("h2 a").focus({ preventScroll: true });
}

export function followReader() {
  document.querySelector("[data-pill]")?.addEventListener("click", showHeld);
  addEventListener("scroll", () => {
    if (held.size > 0 && isAtTop()) {
      slideIn();
      countUnseen();
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      slidInUnseen.clear();
      countUnseen();
    }
  });
}
