// The cards of a list: put where their publishing time says, replaced, taken away; and dates in words.

const NEW_FOR = 6_000; // ms that a card looks new

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // the server's own rendering, the same that the list is made of
  return template.content.firstElementChild;
}

function cardOf(id) {
  return document.querySelector(`.card[data-post-id="${id}"]`);
}

function isNewer(one, other) {
  const difference = Date.parse(one.dataset.published) - Date.parse(other.dataset.published);
  return difference > 0 || (difference === 0 && Number(one.dataset.postId) > Number(other.dataset.postId));
}

// Gives the card where it is news to this page, else null.
export function insert(notice, belongs) {
  const card = parse(notice.html);
  if (!belongs(card)) {
    return null;
  }
  if (cardOf(notice.new_id)) {
    replace(notice);
    return null;
  }
  const list = document.querySelector("[data-cards]");
  if (list) {
    const below = [...list.querySelectorAll(".card")].find((other) => isNewer(card, other));
    const isOnThisPage = below || !document.querySelector("[rel=next]");
    if (isOnThisPage) {
      list.querySelector(".empty")?.remove();
      list.insertBefore(card, below ?? null);
      card.classList.add("new");
      setTimeout(() => card.classList.remove("new"), NEW_FOR);
      refreshDates();
    }
  }
  return card;
}

export function replace(notice) {
  cardOf(notice.new_id)?.replaceWith(parse(notice.html));
  refreshDates();
}

export function remove(id) {
  cardOf(id)?.remove();
}

const units = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "short" });
const absolute = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });

export function refreshDates() {
  for (const element of document.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    const seconds = (Date.now() - moment) / 1000;
    const [unit, length] = units.find(([, length]) => seconds >= length) ?? ["now", 0];
    element.textContent = unit === "now" ? "just now" : relative.format(-Math.floor(seconds / length), unit);
    element.title = absolute.format(moment);
  }
}
