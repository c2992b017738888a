// Keeps what an author types in this browser until it has arrived: past a reload, a crash, and a login that ran out.

const PREFIX = "draft:";

// What the form holds, its key included: sent again after all, it is still the same post.
function contents(form) {
  const fields = Object.fromEntries(new FormData(form));
  delete fields.csrfmiddlewaretoken;
  return fields;
}

function restore(form, fields) {
  for (const [name, value] of Object.entries(fields)) {
    if (form.elements[name]) {
      form.elements[name].value = value;
    }
  }
}

// Null where the browser keeps nothing for this site.
function storage() {
  try {
    return localStorage;
  } catch (error) {
    console.warn("This browser keeps no drafts for this site.", error);
    return null;
  }
}

export function keepDraft() {
  const store = storage();
  if (!store) {
    return;
  }
  if (document.querySelector(".post, [data-waiting-for]")) {
    forgetSent(store);
  }
  const form = document.querySelector("form[data-draft]");
  if (!form) {
    return;
  }
  const key = PREFIX + form.dataset.draft;
  const kept = JSON.parse(store.getItem(key));
  // A form that comes back with mistakes holds what was typed already.
  if (kept && !form.querySelector(".wrong, [role=alert]")) {
    restore(form, kept.fields);
  }
  const keep = (sent) => store.setItem(key, JSON.stringify({ fields: contents(form), sent }));
  form.addEventListener("input", () => keep(false));
  form.addEventListener("submit", (event) => keep(event.submitter?.name !== "preview"));
}

// The page of a post is where a form leads that was accepted.
function forgetSent(store) {
  for (const key of Object.keys(store).filter((name) => name.startsWith(PREFIX))) {
    if (JSON.parse(store.getItem(key)).sent) {
      store.removeItem(key);
    }
  }
}
