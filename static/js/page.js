// What every page runs: it keeps itself up to date, and its forms from being lost or sent twice.

import { follow } from "./live.js";
import { followReader, insert, remove, replace } from "./cards.js";
import { refreshDates } from "./dates.js";
import { refresh, whenFresh } from "./refresh.js";
import { dress, fetchState, takeCounts, takeLikes } from "./state.js";
import { alertReader } from "./toast.js";
import { sendOnce } from "./forms.js";
import { keepDraft } from "./draft.js";
import { previewInPlace } from "./preview.js";

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
  if (document.querySelector(`[data-waiting-for="${notice.new_id}"]`)) {
    location.replace(notice.url);
  } else if (isShown(notice)) {
    refresh("post");
  } else {
    const card = insert(notice, inStream);
    if (card) {
      alertReader(notice, card);
    }
  }
}

function changed(notice) {
  replace(notice, inStream);
  if (isShown(notice)) {
    refresh("post");
  }
}

function removed(notice) {
  remove(notice.new_id);
  if (isShown(notice)) {
    // The rest stays: somebody may be in the midst of a comment, and may want to keep the words.
    const words = document.createElement("p");
    words.className = "message";
    words.textContent = "This post has just been deleted.";
    document.querySelector("[data-refresh=post]").replaceWith(words);
  }
}

const kinds = { published, changed, removed };

function counted(message) {
  const id = String(message.new_id);
  const { likes, comments } = message;
  const before = takeCounts(id, { likes, comments });
  // No like was given or taken, so it is about a comment: a new one, one less, or one edited.
  const isAboutComments = before.comments !== comments || before.likes === likes;
  if (isAboutComments && isShown(message)) {
    refresh("comments");
  }
}

function cameOn() {
  refresh("waiting", "progress", "mine", "post");
}

const signals = { counts: counted, progress: cameOn, notification: () => {} };

follow(document.body.dataset.cursor, {
  hello: fetchState,
  notice: (notice) =>
    whenFresh(() => {
      kinds[notice.kind](notice);
      dress();
    }),
  signal: (message) => signals[message.type](message),
  reset: async () => {
    await refresh();
    fetchState();
  },
  state: showState,
});
dress();
setInterval(refreshDates, 30_000);
takeLikes();
followReader();
sendOnce();
keepDraft();
previewInPlace();
