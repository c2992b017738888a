// Tells the reader of a new post, in few words, in the page's polite live region.

import { t } from "./words.js";

const SHOWN_FOR = 8_000; // ms
const MOST_AT_ONCE = 3;
const TOLD = "told"; // ids, kept for this tab
const MOST_TOLD = 100;

// A copy of a page that is good still begins where it was made: at each reload it hears again of what came since.
function isTold(id) {
  try {
    const told = JSON.parse(sessionStorage.getItem(TOLD) ?? "[]");
    sessionStorage.setItem(TOLD, JSON.stringify([...told, id].slice(-MOST_TOLD)));
    return told.includes(id);
  } catch (error) {
    console.warn("This browser keeps nothing for this site; it may tell of a post twice.", error);
    return false;
  }
}

export function alertReader(notice, card) {
  if (isTold(notice.new_id)) {
    return;
  }
  const toast = document.createElement("a");
  toast.className = "toast";
  toast.href = notice.url;
  const cover = card.querySelector(".cover").cloneNode(true);
  const words = document.createElement("span");
  const title = document.createElement("b");
  title.textContent = notice.title;
  const book = card.querySelector("cite");
  const kind = document.createElement("span");
  kind.className = "spoken";
  kind.textContent = `${t("New post:")} `;
  words.append(kind, title, book ? `${t("{author}, on", { author: notice.author })} ` : notice.author, ...(book ? [book.cloneNode(true)] : []));
  toast.append(cover, words);
  show(toast);
}

// Words for this reader alone.
export function say(words) {
  const toast = document.createElement("p");
  toast.className = "toast words";
  toast.textContent = words;
  show(toast);
}

function show(toast) {
  const region = document.querySelector("[role=status]");
  while (region.childElementCount >= MOST_AT_ONCE) {
    region.firstElementChild.remove();
  }
  region.append(toast);
  expire(toast);
}

// Not while somebody points at it or has it in focus.
function expire(toast) {
  setTimeout(() => (toast.matches(":hover, :focus") ? expire(toast) : toast.remove()), SHOWN_FOR);
}
