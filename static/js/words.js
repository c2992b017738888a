// What scripts say, in the page's language: the page has other words than these as data where it is not English.

const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

export const figure = (n) => Number(n).toLocaleString(document.documentElement.lang);

export function t(text, values = {}) {
  const fill = (said, [name, value]) => said.replace(`{${name}}`, name === "n" ? figure(value) : value);
  return Object.entries(values).reduce(fill, words[text] ?? text);
}

// A live card is the same for every reader, and so in English.
export function translate(card) {
  for (const element of card.querySelectorAll("[data-t]")) {
    element.textContent = t(element.dataset.t, element.dataset);
  }
}
