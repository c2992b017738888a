// What every page runs: it keeps itself up to date, and its forms from being lost or sent twice.

import { follow } from "./live.js";
import { insert, refreshDates, remove, replace } from "./cards.js";
import { refresh, whenFresh } from "./refresh.js";
import { alertReader } from "./toast.js";
import { sendOnce } from "./forms.js";
import { keepDraft } from "./draft.js";

const states = {
  connecting: "connecting …",
  live: "live",
  polling: "checking now and then",
  offline: "no connection, trying again",
  stopped: "not live; reload to see news",
};

function showState(state) {
  for (const element of document.querySelectorAll("[data-state]")) {
    element.hidden = false;
    element.dataset.state = state;
    element.textContent = states[state];
  }
}

function inStream(card) {
  const [kind, id] = document.querySelector("main").dataset.stream.split(":");
  return kind === "all" || card.dataset[`${kind}Id`] === id;
}

// Whether this is the page of that very post.
function isShown(notice) {
  return document.querySelector(`.post[data-post-id="${notice.new_id}"]`) !== null;
}

function published(notice) {
  document.querySelector(`[data-waiting-in-list="${notice.new_id}"]`)?.remove();
  const waiting = document.querySelector(`[data-waiting-for="${notice.new_id}"]`);
  if (waiting) {
    location.replace(notice.url);
    return;
  }
  if (isShown(notice)) {
    refresh();
    return;
  }
  const card = insert(notice, inStream);
  if (card) {
    alertReader(notice, card);
  }
}

function changed(notice) {
  replace(notice);
  if (isShown(notice)) {
    refresh();
  }
}

function removed(notice) {
  remove(notice.new_id);
  if (isShown(notice)) {
    location.reload();
  }
}

const kinds = { published, changed, removed };

follow(document.body.dataset.cursor, {
  notice: (notice) => whenFresh(() => kinds[notice.kind](notice)),
  reset: refresh,
  state: showState,
});
refreshDates();
setInterval(refreshDates, 30_000);
sendOnce();
keepDraft();
