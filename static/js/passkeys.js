// On the pages where a passkey is made or used: what the device refuses is said.

import { say } from "./toast.js";
import { t } from "./words.js";

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  console.warn("No passkey:", event.detail.exception);
  say(t("Your device gave no passkey. Nothing has changed."));
});
