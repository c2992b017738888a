// A form is sent once. The server knows a second one by its key; this spares the author the doubt.

export function sendOnce() {
  for (const form of document.querySelectorAll("form[data-once]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
      }
      // The buttons stay enabled: what a disabled one is called would not be sent.
      form.dataset.sent = "yes";
    });
  }
  // Back from the next page, with this one as it was left.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-once]")) {
      delete form.dataset.sent;
    }
  });
}
