"""Start-up checks of declared entitlements and of the catalogue in code."""

import re
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register

from apps.billing import catalogue
from apps.billing.declarations import AddOnDeclaration, PlanDeclaration, terms_problem
from apps.common.entitlements import (
    Entitlement,
    Kind,
    conflicting_entitlements,
    entitlements,
)

CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
PLAN_CODE = re.compile(r"[a-z][a-z0-9_]*")
CODE_MAX, LABEL_MAX = 80, 60


@register()
def check_entitlements(**_kwargs: Any) -> list[CheckMessage]:
    found = [
        _error(one, "is declared twice, differently", "E001", "Rename one of the two.")
        for one in conflicting_entitlements()
    ]
    for one in entitlements().values():
        found += _of(one)
    return found


def _of(one: Entitlement) -> list[CheckMessage]:
    found = []
    labels = {config.label for config in apps.get_app_configs()}
    if not CODE.fullmatch(one.code) or len(one.code) > CODE_MAX or one.app not in labels:
        hint = "Write app.thing in small letters, with the app's label, as notes.notes."
        found.append(_error(one, "has a malformed code", "E002", hint))
    label = str(one.label).strip()
    if not label or len(label) > LABEL_MAX or not str(one.description).strip():
        hint = f"Give it a label of at most {LABEL_MAX} characters, and a description."
        found.append(_error(one, "has no fitting label and description", "E003", hint))
    if words := _misfit(one):
        hint = "A limit has a unit and no period, a metered one a period and a unit, a boolean True or False."
        found.append(_error(one, words, "E004", hint))
    return found


def _misfit(one: Entitlement) -> str:
    """What does not go with its kind."""
    if one.kind is Kind.BOOLEAN:
        is_right = one.default in (0, 1) and not (one.rows or one.period or one.unit)
        return "" if is_right else "is a boolean, and is declared like a number"
    if not str(one.unit) or (one.default is not None and one.default < 0):
        return "has no unit, or a default below 0"
    if one.kind is Kind.LIMIT and one.period:
        return "is a limit, and begins anew at no time"
    if one.kind is Kind.METERED and (one.rows or one.period is None):
        return "is metered, and does not say in which period"
    return ""


@register()
def check_catalogue(**_kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    everything: list[PlanDeclaration | AddOnDeclaration] = [*catalogue.PLANS, *catalogue.ADD_ONS]
    codes = [one.code for one in everything]
    for one in everything:
        problem = terms_problem(one.terms)
        if problem is None and (not PLAN_CODE.fullmatch(one.code) or codes.count(one.code) > 1):
            problem = "code", "The code is malformed, or there are two of it."
        if problem is not None:
            found.append(
                Error(
                    f"{one.code} in the catalogue: {problem[1]}",
                    hint="Correct apps/billing/catalogue.py.",
                    obj=one.code,
                    id="billing.E005",
                )
            )
    if sum(one.is_default for one in catalogue.PLANS) > 1:
        found.append(Error("New tenants begin with one plan at most.", id="billing.E006"))
    return found


def _error(one: Entitlement, words: str, number: str, hint: str) -> CheckMessage:
    return Error(
        f"The entitlement {one.code} {words}.", hint=hint, obj=one.code, id=f"billing.{number}"
    )
