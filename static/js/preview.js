// Shows a preview without leaving the form: of the answer that comes without this script, too, one region is swapped.

import { t } from "./words.js";

export async function show(button) {
  const region = document.querySelector("[data-preview]");
  if (region.getAttribute("aria-busy") === "true") {
    return;
  }
  region.setAttribute("aria-busy", "true");
  try {
    region.replaceChildren(...(await fetchPreview(button)));
  } finally {
    region.removeAttribute("aria-busy");
  }
  region.scrollIntoView({ block: "nearest" });
}

async function fetchPreview(button) {
  let response, html;
  try {
    response = await fetch(location.href, { method: "POST", body: new FormData(button.form, button) });
    html = await response.text();
  } catch (error) {
    console.warn("The preview could not be fetched.", error);
    return complaint(t("There is no way to the site at the moment, so no preview. What you typed is safe; try again soon."));
  }
  if (response.redirected || response.status === 403) {
    return complaint(t("You are no longer logged in. Log in in another tab, then reload this page: your text is kept."));
  }
  if (!response.ok) {
    return complaint(t("The site could not make a preview ({status}). What you typed is safe; try again soon.", { status: response.status }));
  }
  const preview = new DOMParser().parseFromString(html, "text/html").querySelector("[data-preview]");
  return preview?.childNodes ?? complaint(t("The site's answer was no preview. What you typed is safe; try again soon."));
}

function complaint(words) {
  const paragraph = document.createElement("p");
  paragraph.className = "error";
  paragraph.textContent = words;
  return [paragraph];
}
