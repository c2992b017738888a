// Tells the reader of a new post, in few words, in the page's polite live region.

const SHOWN_FOR = 8_000; // ms
const MOST_AT_ONCE = 3;

export function alertReader(notice, card) {
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
  kind.textContent = "New post: ";
  words.append(kind, title, book ? `${notice.author}, on ` : notice.author, ...(book ? [book.cloneNode(true)] : []));
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
