// The comments under a post: what is new, edited or gone, while those that are the same stay as they are.

export function mergeComments(shown, fresh) {
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
  shown.dataset.talk = fresh.dataset.talk;
}

function textOf(comment) {
  return comment.querySelector(".body")?.innerHTML;
}
