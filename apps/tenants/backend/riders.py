"""Statements that nobody waits for: they travel in the message of the next one, and cost no round trip.

BEGIN is one, and the row of an event (docs/adr/0029). What comes next may be any statement, a savepoint or
COMMIT; ROLLBACK makes them needless. If one fails, so does what carried it.
"""

BEGIN = "BEGIN"


class Riders:
    """Of one connection, in their order. Each yields one result."""

    def __init__(self) -> None:
        self._waiting: list[str] = []

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def text(self) -> str:
        return "".join(f"{statement};\n" for statement in self._waiting)

    @property
    def is_only_begin(self) -> bool:
        return self._waiting == [BEGIN]

    def begin(self) -> None:
        self._waiting = [BEGIN]

    def add(self, statement: str) -> None:
        self._waiting.append(statement)

    def clear(self) -> None:
        self._waiting.clear()
