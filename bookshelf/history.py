"""What the workers did, as their results tell it."""

import json
from typing import Any


def told_by(result: str | None) -> dict[str, Any] | None:
    """What `enrich_post` returned; None where it was an exception, or another task's result."""
    try:
        told = json.loads(result or "null")
    except ValueError:
        return None
    return told if isinstance(told, dict) and "came" in told else None
