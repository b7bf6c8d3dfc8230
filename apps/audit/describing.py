"""What an entry keeps of an event, and how it reads."""

import uuid
from datetime import datetime
from typing import Any

from apps.events.registry import Event, fields_of

MASK = "•••"
# Words in the name of a field whose value would let somebody in.
SECRET = {
    *("secret", "password", "passphrase", "token", "hash", "digest", "cookie", "credential"),
    *("credentials", "otp", "signature"),
}
# Which of the details names the thing, in a line for people.
SUBJECTS = (
    *("email", "user_name", "name", "label", "domain", "slug", "host", "role", "group", "setting"),
    *("provider", "code", "kid", "factor", "kind", "method"),
)
QUALIFIERS = ("change", "status", "to_status", "to_state", "to_mode", "reason")


def is_secret(field: str) -> bool:
    words = field.split("_")
    return words[-1] != "id" and not SECRET.isdisjoint(words)


def plain(value: Any) -> Any:
    """As it is kept: texts, whole numbers, truth values, None. Without what jsonb refuses."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str | uuid.UUID):
        return str(value).replace("\0", "").encode("utf-8", "replace").decode()
    return value


def details(event: Event) -> dict[str, Any]:
    """{data, before, after}: all fields, secrets masked; what changed, where the event says so."""
    data = {}
    for name in fields_of(type(event)):
        value = plain(getattr(event, name))
        data[name] = MASK if value is not None and is_secret(name) else value
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name, value in data.items():
        prefix, _, what = name.partition("_")
        if prefix == "from" and f"to_{what}" in data:
            before[what], after[what] = value, data[f"to_{what}"]
        elif prefix == "old" and what in data:
            before[what], after[what] = value, data[what]
    return {"data": data, "before": before, "after": after}


def targets(event: Event) -> tuple[str, tuple[str, ...]]:
    """(kind of the aggregate, its id and the other ids that the event names).

    Targets stay when somebody is erased, so an address is none.
    """
    cls = type(event)
    ids = [event.aggregate_id]
    ids += [
        str(value)
        for name in fields_of(cls)
        if isinstance(value := getattr(event, name), uuid.UUID)
    ]
    kind = cls.aggregate.removesuffix("_id")
    return kind, tuple(dict.fromkeys(plain(one) for one in ids if "@" not in one))


def action_text(action: str) -> str:
    """`organizations.member_invited`: Member invited."""
    return action.partition(".")[2].replace("_", " ").capitalize()


def summary(action: str, what: dict[str, Any] | None) -> str:
    """One line for people, of what is kept."""
    text = action_text(action)
    if what is None:
        return text
    data = what["data"]
    subject = next((data[name] for name in SUBJECTS if data.get(name)), "")
    qualifier = next((data[name] for name in QUALIFIERS if data.get(name)), "")
    times = data.get("times")
    parts = [str(one) for one in (subject, qualifier) if one]
    if isinstance(times, int) and times > 1:
        parts.append(f"{times} times")
    return f"{text}: {', '.join(parts)}" if parts else text
