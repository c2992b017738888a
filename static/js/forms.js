// A form is sent once. The server knows a second one by its key; this spares the author the doubt.

export function sendOnce() {
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", () => {
      for (const button of form.querySelectorAll("button")) {
        button.disabled = true;
      }
    });
  }
  // Back from the next page, with this one as it was left.
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("form[data-once] button")) {
      button.disabled = false;
    }
  });
}
