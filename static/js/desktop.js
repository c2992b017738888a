// Notifications by the browser itself, where somebody has asked for them: while no tab of the site is looked at.

import { t } from "./words.js";

const TAG = "unread"; // of several tabs, and of a burst, one is shown

function isGranted() {
  return "Notification" in window && Notification.permission === "granted";
}

export function tell(unread) {
  if (!isGranted() || !document.hidden) {
    return;
  }
  const body = t(unread === 1 ? "1 unread notification" : "{n} unread notifications", { n: unread });
  const shown = new Notification("BookShelf", { body, tag: TAG, icon: document.querySelector("[rel=icon]").href });
  shown.addEventListener("click", () => {
    window.focus();
    location.assign("/notifications/");
    shown.close();
  });
}

// Nobody is asked before they press this.
export function offer(button) {
  button.hidden = !("Notification" in window) || Notification.permission !== "default";
  button.addEventListener("click", async () => {
    const answer = await Notification.requestPermission();
    button.hidden = answer !== "default";
    document.querySelector("[data-desktop-answer]").textContent =
      t(answer === "granted" ? "You are told by your browser from now on." : "Your browser does not tell you.");
  });
}
