// How many posts the reader has not seen yet: those that wait above are on a pill, all of them in the tab's title.

import { t } from "./words.js";

const pill = document.querySelector("[data-pill]");
const title = document.title;

export function showUnseen(waiting, slidIn) {
  const unseen = waiting + slidIn;
  document.title = unseen > 0 ? `(${unseen}) ${title}` : title;
  if (pill) {
    pill.hidden = waiting === 0;
    pill.textContent = t(waiting === 1 ? "1 new post" : "{n} new posts", { n: waiting });
  }
}
