"""Answers that nobody documents: any JSON at all, and good answers of which a part is anything."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# The catalogue that a test asks may well be the same for all examples.
same_catalogue = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each container within a value, with each of its keys or indexes."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


@st.composite
def spoiled(draw: st.DrawFn, good: Any) -> Any:
    """The good answer, in which one thing is something else or is missing."""
    answer = copy.deepcopy(good)
    container, key = draw(st.sampled_from(list(places(answer))))
    if draw(st.booleans()):
        container[key] = draw(any_json)
    else:
        del container[key]
    return answer
