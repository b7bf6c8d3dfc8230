"""Start-up checks of the declared permissions: what is wrong there would show when somebody is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error, register

from apps.common.access import (
    AUDITOR,
    OWNER,
    Permission,
    conflicting_declarations,
    permissions,
)
from apps.roles.services.system_roles import SYSTEM_ROLES

CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9]*(_[a-z0-9]+)+")
CODE_MAX = 80
LABEL_MAX = 60
# Those that permissions name; the owner and the auditor hold by rule what they hold.
NAMEABLE = SYSTEM_ROLES.keys() - {OWNER, AUDITOR}


@dataclass(frozen=True, slots=True)
class Rule:
    """Between a permission and one that it implies itself."""

    number: str
    is_broken: Callable[[Permission, Permission], bool]
    words: str
    hint: str


RULES = (
    Rule(
        "E007",
        lambda one, implied: one.scoped and not implied.scoped,
        "is held at an organization, but implies what is held in the whole tenant only",
        "Make the other one scoped too, or leave it out: somebody else has to give it.",
    ),
    Rule(
        "E008",
        lambda one, implied: implied.dangerous and not one.dangerous,
        "implies what is dangerous, and is not called so",
        "Declare it dangerous.",
    ),
    Rule(
        "E009",
        lambda one, implied: one.is_read_only and not implied.is_read_only,
        "has the verb view, and implies what changes something",
        "Give it another verb: the auditor holds all of view.",
    ),
    Rule(
        "E010",
        lambda one, implied: one.for_keys and not implied.for_keys,
        "can be given to API keys, and implies what cannot",
        "Declare it with for_keys=False.",
    ),
)


@register()
def check_permissions(**_kwargs: Any) -> list[CheckMessage]:
    return [
        *(
            _error(one, "is declared twice, differently", "E001", "Rename one of the two.")
            for one in conflicting_declarations()
        ),
        *(
            problem
            for one in permissions().values()
            for problem in (*_of_itself(one), *_of_what_it_implies(one, permissions()))
        ),
    ]


def _of_itself(one: Permission) -> list[CheckMessage]:
    found = []
    if not CODE.fullmatch(one.code) or len(one.code) > CODE_MAX:
        hint = "Write app.verb_noun in small letters, as notes.view_note."
        found.append(_error(one, "has a malformed code", "E002", hint))
    label = str(one.label).strip()
    if not label or len(label) > LABEL_MAX or not str(one.description).strip():
        hint = f"Give it a label of at most {LABEL_MAX} characters, and a description: people choose by them."
        found.append(_error(one, "has no fitting label and description", "E003", hint))
    if unknown := set(one.system_roles) - NAMEABLE:
        hint = (
            f"Name some of: {', '.join(sorted(NAMEABLE))}. The owner holds every permission, the auditor "
            "every one with the verb view."
        )
        found.append(_error(one, f"names the system roles {_listed(unknown)}", "E004", hint))
    return found


def _of_what_it_implies(one: Permission, declared: Mapping[str, Permission]) -> list[CheckMessage]:
    found = []
    if unknown := set(one.implies) - declared.keys():
        hint = "Correct the code, or install the app that declares it."
        found.append(
            _error(one, f"implies {_listed(unknown)}, which no app declares", "E005", hint)
        )
    if one.code in _reached(one, declared):
        found.append(_error(one, "implies itself", "E006", "Break the circle of its implies."))
    for rule in RULES:
        broken = {c for c in one.implies if c in declared and rule.is_broken(one, declared[c])}
        if broken:
            words = f"{rule.words}: {_listed(broken)}"
            found.append(_error(one, words, rule.number, rule.hint))
    return found


def _reached(one: Permission, declared: Mapping[str, Permission]) -> set[str]:
    reached: set[str] = set()
    waiting = list(one.implies)
    while waiting:
        code = waiting.pop()
        if code in declared and code not in reached:
            reached.add(code)
            waiting.extend(declared[code].implies)
    return reached


def _error(one: Permission, words: str, number: str, hint: str) -> CheckMessage:
    return Error(
        f"The permission {one.code} {words}.", hint=hint, obj=one.code, id=f"roles.{number}"
    )


def _listed(codes: set[str]) -> str:
    return ", ".join(sorted(codes))
