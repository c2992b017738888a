// Keeps in its place on the screen what somebody types or reads, while the page around it changes.

const AT_TOP = 8; // px from the top of the page that count as the top

export function isAtTop() {
  return scrollY <= AT_TOP;
}

export function keepPlace(act) {
  const field = fieldInUse();
  const places = field ? [[() => field, topOf(field)]] : [...document.querySelectorAll(".card, .comment")].map(placeOf);
  act();
  const [find, top] = places.find(([find, top]) => top >= 0 && find()?.isConnected) ?? [];
  if (find && (field || !isAtTop())) {
    scrollBy({ top: topOf(find()) - top, behavior: "instant" });
  }
}

// The field that somebody types in, where it is in sight.
function fieldInUse() {
  const element = document.activeElement;
  if (!element?.matches("textarea, input")) {
    return null;
  }
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight ? element : null;
}

// By its name, for the element itself may be replaced.
function placeOf(element) {
  const selector = element.id ? `#${element.id}` : `.card[data-post-id="${element.dataset.postId}"]`;
  return [() => document.querySelector(selector), topOf(element)];
}

function topOf(element) {
  return element.getBoundingClientRect().top;
}
