"""Pages that are lists of sections, so that each part of the platform adds its own."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Section:
    """A card of a page. context: what its template sees as `section`."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)
