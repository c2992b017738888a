// Shows which books may be meant by what is typed, and looks again while a catalogue is asked. The form never waits.

const PAUSE = 700; // ms without a key, and between two looks
const MOST_LOOKS = 32; // a little longer than the server waits for a catalogue
const FIELDS = ["isbn", "book_title", "book_author"];

export function offerCandidates(form) {
  const region = form.querySelector("[data-candidates]");
  let timer = null;
  let asking = null;
  let shown = null;

  const look = async (looks) => {
    asking?.abort();
    asking = new AbortController();
    const typed = new FormData(form);
    const query = new URLSearchParams([...FIELDS, "pick"].map((name) => [name, typed.get(name) ?? ""]));
    try {
      const response = await fetch(`${region.dataset.candidates}?${query}`, { signal: asking.signal });
      if (!response.ok || response.redirected) {
        throw new Error(`${region.dataset.candidates} answered ${response.status}`);
      }
      const html = await response.text();
      if (html !== shown) {
        put(region, html);
        shown = html;
      }
    } catch (error) {
      if (error.name !== "AbortError") {
        console.warn("No books are shown to pick from; what is typed is enough.", error);
      }
      return;
    }
    if (region.querySelector("[data-asked]") && looks < MOST_LOOKS) {
      lookLater(looks + 1);
    }
  };

  const lookLater = (looks = 0) => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE, looks);
  };

  form.addEventListener("input", (event) => {
    if (FIELDS.includes(event.target.name)) {
      lookLater();
    } else if (event.target.name === "pick") {
      asking?.abort(); // it would bring back what was picked before
      if (region.querySelector("[data-asked]")) {
        lookLater();
      }
      if (event.target.value) {
        fill(form, event.target.dataset);
      }
    }
  });
  if (FIELDS.includes(document.activeElement?.name)) {
    lookLater(); // typed while this was on its way
  }
  form.querySelector("[name=lookup]").addEventListener("click", (event) => {
    event.preventDefault();
    look(0);
  });
}

// Under a reader's finger nothing moves: what has the focus keeps it.
function put(region, html) {
  const focused = region.contains(document.activeElement) ? document.activeElement.value : null;
  region.innerHTML = html; // the server's own rendering
  if (focused !== null) {
    [...region.querySelectorAll("input")].find((input) => input.value === focused)?.focus({ preventScroll: true });
  }
}

// What is picked stands in the fields, too, where its author can still word it otherwise.
function fill(form, { title, author, isbn }) {
  form.elements.book_title.value = title.slice(0, form.elements.book_title.maxLength);
  form.elements.book_author.value = author.slice(0, form.elements.book_author.maxLength);
  form.elements.isbn.value = isbn;
}
