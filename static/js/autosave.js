// Sends a copy of a new post that is being written to the server, as a draft that nobody else sees.

import { t } from "./words.js";

const PAUSE = 2_000; // ms without a key

// After each pause, and when the page is put away; never while the form itself is on its way.
export function autosave(form) {
  let timer = null;
  let sending = null;
  const send = async () => {
    clearTimeout(timer);
    timer = null;
    sending?.abort();
    if (form.dataset.sent) {
      return; // it is on its way, or has arrived
    }
    sending = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    show(form, await sendDraft(form.dataset.autosave, { method: "POST", body, signal: sending.signal, keepalive: true }));
  };
  const sendLater = () => {
    clearTimeout(timer);
    timer = setTimeout(send, PAUSE);
  };
  if ([...form.elements].some((field) => "defaultValue" in field && field.value !== field.defaultValue)) {
    sendLater(); // typed while this was on its way
  }
  form.addEventListener("input", sendLater);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && timer !== null) {
      send();
    }
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    timer = null;
    sending?.abort();
  });
}

// Gives what to tell the author; nothing where a newer copy is on its way.
async function sendDraft(address, request) {
  try {
    const response = await fetch(address, request);
    if (response.redirected) {
      return t("You are logged out. This browser keeps your draft; log in in another tab to save it.");
    }
    if (response.status === 409) {
      return (await response.json()).error;
    }
    if (!response.ok) {
      throw new Error(`${address} answered ${response.status}`);
    }
    return t("Draft saved");
  } catch (error) {
    if (error.name === "AbortError") {
      return "";
    }
    console.warn("The draft is kept in this browser alone; it is sent with the next pause.", error);
    return t("Draft kept in this browser");
  }
}

function show(form, words) {
  const place = form.querySelector("[data-kept]");
  if (words && place.textContent !== words) {
    place.textContent = words;
  }
}
