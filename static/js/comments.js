// The comments under a post: what is new, edited or gone, without moving what is being read or typed.

// Brings the comments that are shown to the fresh ones, and leaves those alone that are the same.
export function mergeComments(shown, fresh) {
  const anchor = [...shown.children].find((element) => element.getBoundingClientRect().bottom > 0);
  const before = anchor?.getBoundingClientRect().top;
  for (const element of [...shown.children]) {
    if (!element.id || !fresh.querySelector(`#${element.id}`)) {
      element.remove();
    }
  }
  let place = shown.firstElementChild;
  for (const element of [...fresh.children]) {
    if (element.id && element.id === place?.id) {
      const current = place;
      place = place.nextElementSibling;
      if (textOf(current) !== textOf(element)) {
        current.replaceWith(element);
      }
    } else {
      shown.insertBefore(element, place);
    }
  }
  // Where the browser does not keep the place of what is read by itself.
  if (anchor?.isConnected && before < 0) {
    scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
  }
}

function textOf(comment) {
  return comment.querySelector(".body")?.innerHTML;
}
