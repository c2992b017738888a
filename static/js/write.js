// What helps somebody who writes; loaded when they begin to.

import { autosave } from "./autosave.js";
import { offerCandidates } from "./candidates.js";
import { show } from "./preview.js";

export function help(form) {
  if (form.dataset.autosave) {
    autosave(form);
  }
  if (form.querySelector("[data-candidates]")) {
    offerCandidates(form);
  }
  form.querySelector("[name=preview]")?.addEventListener("click", (event) => {
    event.preventDefault();
    show(event.target);
  });
}
