// What every page runs: it keeps itself up to date, and its forms from being lost or sent twice.

import { follow } from "./live.js";
import { followReader, heldIds, insert, remove, replace } from "./cards.js";
import { refreshDates } from "./dates.js";
import { gone, refresh, whenFresh } from "./refresh.js";
import { dress, fetchState, takeCounts, takeLikes } from "./state.js";
import { isQuiet, offerQuiet } from "./quiet.js";
import { alertReader, say } from "./toast.js";
import { sendOnce } from "./forms.js";
import { t } from "./words.js";
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
    if (element.hidden && state === "connecting") {
      continue; // at first that is no news, and the words that follow take another width
    }
    element.hidden = false;
    element.dataset.state = state;
    element.textContent = t(states[state]);
  }
}

function isIn(card, stream) {
  const [kind, id] = stream.split(":");
  if (kind === "tag") {
    return (card.dataset.tags ?? "").split(" ").includes(id);
  }
  return kind === "all" || card.dataset[`${kind}Id`] === id;
}

// Whether it is what this page is about. What a reader has muted is so on its own page alone.
function inStream(card) {
  const streams = document.querySelector("main").dataset.stream.split(" ");
  const muted = (document.body.dataset.muted ?? "").split(" ").filter((stream) => stream && !streams.includes(stream));
  return streams.some((stream) => isIn(card, stream)) && !muted.some((stream) => isIn(card, stream));
}

// Whether this is the page of that very post.
function isShown(notice) {
  return document.querySelector(`.post[data-post-id="${notice.new_id}"]`) !== null;
}

function published(notice) {
  if (document.querySelector(`[data-waiting-for="${notice.new_id}"]`)) {
    location.replace(notice.url);
    return;
  }
  if (document.querySelector(`[data-own-post="${notice.new_id}"]`)) {
    refresh("waiting", "mine");
  }
  if (isShown(notice)) {
    refresh("post");
    return;
  }
  const card = insert(notice, inStream);
  if (card) {
    if (!("quiet" in card.dataset) && !isQuiet()) {
      alertReader(notice, card); // not of each of many that somebody brings along
    }
    refresh("book");
  }
}

function changed(notice) {
  if (replace(notice, inStream)) {
    refresh("book"); // its cover may have come
  }
  if (isShown(notice)) {
    refresh("post");
  }
}

function removed(notice) {
  remove(notice.new_id);
  if (isShown(notice)) {
    gone();
  }
}

const kinds = { published, changed, removed };

function counted(message) {
  const id = String(message.new_id);
  const changed = takeCounts(id, message);
  if (document.querySelector(`[data-talk-of="${id}"]`)) {
    // Other comments, or one that was edited; a like perhaps. All who read this post hear of it in the same moment.
    setTimeout(changed ? () => refresh("comments") : lookAtTalk, Math.random() * (changed ? 200 : 1_000));
  }
}

function talk() {
  return document.querySelector("[data-talk-of]");
}

async function lookAtTalk() {
  compareTalk(await fetchState([talk().dataset.talkOf]));
}

function compareTalk(states) {
  const state = states[talk()?.dataset.talkOf];
  if (state && String(state.talk) !== talk().dataset.talk) {
    refresh("comments");
  }
}

function cameOn(message) {
  if (isShown(message)) {
    refresh("post");
  }
  refresh("waiting", "progress", "mine");
}

function imported(message) {
  refresh("import");
  if ("done" in message) {
    say(t("Your import is done: {done} imported, {duplicate} here already, {failed} failed.", message));
  }
}

// What went by while nobody told this page: signals are not replayed.
async function caughtUp() {
  if (document.querySelector("[data-own-post], [data-import]")) {
    refresh("waiting", "progress", "mine", "post", "import");
  }
  const shown = [...document.querySelectorAll("[data-post-id]")].map((element) => element.dataset.postId);
  fetchUnread();
  const ids = new Set([...shown, ...heldIds(), ...(talk() ? [talk().dataset.talkOf] : [])]);
  compareTalk(await fetchState([...ids]));
}

// Pages that come back together do not ask together.
function spread(act) {
  let first = true;
  return () => {
    setTimeout(act, first ? 0 : Math.random() * 1_000);
    first = false;
  };
}

function showUnread({ unread }) {
  const badge = document.querySelector("[data-unread]");
  const before = Number(badge.textContent);
  badge.textContent = unread;
  badge.hidden = unread === 0;
  if (before !== unread) {
    refresh("notifications");
  }
  return unread > before;
}

let told = 0;

async function fetchUnread() {
  const before = told;
  if (!document.querySelector("[data-unread]")) {
    return; // nobody is logged in
  }
  try {
    const response = await fetch("/notifications/unread/");
    const answer = await response.json(); // a page, of an error or to log in, is none
    if (told === before) { // else what was told is newer
      showUnread(answer);
    }
  } catch (error) {
    console.warn("The number of notifications may be an old one.", error);
  }
}

async function notified(message) {
  told += 1;
  if (showUnread(message) && !isQuiet()) {
    (await import("./desktop.js")).tell(message.unread);
  }
}

const signals = { counts: counted, progress: cameOn, notification: notified, import: imported };

follow(document.body.dataset.cursor, {
  caughtUp: spread(caughtUp),
  notice: (notice) =>
    whenFresh(() => {
      kinds[notice.kind](notice);
      dress();
    }),
  signal: (message) => signals[message.type](message),
  reset: async () => {
    await refresh();
    caughtUp();
  },
  state: showState,
});
dress();
setInterval(refreshDates, 30_000);
takeLikes();
followReader();
offerQuiet();
sendOnce();
keepDraft();

for (const form of document.querySelectorAll("form[data-draft]")) {
  form.addEventListener("focusin", async () => (await import("./write.js")).help(form), { once: true });
}
for (const button of document.querySelectorAll("[data-desktop]")) {
  import("./desktop.js").then(({ offer }) => offer(button));
}
