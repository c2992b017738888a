// What scripts say, in the page's language: the page has other words than these as data where it is not English.

const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

export function t(text, values = {}) {
  const said = words[text] ?? text;
  return Object.entries(values).reduce((filled, [name, value]) => filled.replace(`{${name}}`, value), said);
}

// A live card is the same for every reader, and so in English.
export function translate(card) {
  for (const element of card.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t, element.dataset);
  }
}
