// Keeps what an author types in this browser until the server says that it has arrived: past a reload, a crash, a
// connection that breaks, and a login that ran out. A new post is kept on the server, too; where both are there the
// browser's copy is the one that comes back, unless the server's has been changed since.
//
// A draft has an id, which its form sends along. The answer to a form that was accepted brings it back as a cookie, and
// only that takes the draft away: that some page follows proves nothing.

const PREFIX = "draft:";
const COOKIE = /(?:^|; )saved=([0-9a-f-]+)/;
const NOT_TYPED = ["csrfmiddlewaretoken", "draft", "replaces", "key"];

// Null where the browser keeps nothing for this site.
function storage() {
  try {
    return localStorage;
  } catch (error) {
    console.warn("This browser keeps no drafts for this site.", error);
    return null;
  }
}

function read(store, name) {
  try {
    return JSON.parse(store.getItem(name));
  } catch (error) {
    console.warn(`What was kept as ${name} is no draft; it is dropped.`, error);
    store.removeItem(name);
    return null;
  }
}

export function keepDraft() {
  const store = storage();
  if (!store) {
    return;
  }
  forgetArrived(store);
  const form = document.querySelector("form[data-draft]");
  if (form) {
    keep(store, form, PREFIX + form.dataset.draft);
  }
}

function forgetArrived(store) {
  const arrived = document.cookie.match(COOKIE)?.[1];
  if (!arrived) {
    return;
  }
  for (const name of Object.keys(store).filter((name) => name.startsWith(PREFIX))) {
    if (read(store, name)?.id === arrived) {
      store.removeItem(name);
    }
  }
  document.cookie = "saved=; max-age=0; path=/";
}

function keep(store, form, name) {
  const kept = read(store, name);
  // A form that comes back with mistakes holds what was typed already.
  const isBack = form.querySelector(".wrong, [role=alert]") !== null;
  const base = isBack && kept ? kept.base : typed(form);
  const isOurs = kept !== null && (isBack || same(kept.base, base));
  if (isOurs && !isBack) {
    restore(form, kept);
    form.dataset.isBack = "";
  }
  const id = form.elements.draft ?? hidden(form, "draft", isOurs && kept.sent ? kept.id : randomId());
  if (isOurs && !form.elements.replaces && kept.id !== id.value) {
    hidden(form, "replaces", kept.id); // of the same text, so one of the two is enough
  }
  const write = (sent) => {
    const draft = { id: id.value, key: form.elements.key?.value, base, fields: typed(form), sent };
    store.setItem(name, JSON.stringify(draft));
  };
  form.addEventListener("input", () => write(false));
  form.addEventListener("submit", (event) => write(event.submitter?.name !== "preview"));
  form.addEventListener("click", (event) => "discard" in event.target.dataset && store.removeItem(name));
}

function hidden(form, name, value) {
  const input = Object.assign(document.createElement("input"), { type: "hidden", name, value });
  form.append(input);
  return input;
}

function typed(form) {
  const fields = Object.fromEntries(new FormData(form));
  NOT_TYPED.forEach((name) => delete fields[name]);
  return fields;
}

// Whether the draft was begun on what the form holds now: else it would bring back what has been changed since.
function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function restore(form, kept) {
  for (const [name, value] of Object.entries(kept.fields)) {
    if (form.elements[name]) {
      form.elements[name].value = value;
    }
  }
  for (const box of form.querySelectorAll("[type=checkbox]")) {
    box.checked = box.name in kept.fields;
  }
  // Sent already, perhaps in vain: sent again it is still the same post. Not sent, it is the same text in two tabs.
  if (kept.sent && form.elements.key) {
    form.elements.key.value = kept.key;
  }
}

function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
