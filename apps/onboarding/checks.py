"""Start-up checks of workflows: what a step names and is not there would show when somebody gets to it."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.common.access import permissions
from apps.common.entitlements import entitlements
from apps.common.urls import route_exists
from apps.events import registry
from apps.onboarding.declarations import (
    ACTOR,
    Completion,
    Included,
    Step,
    Workflow,
    workflows,
)
from apps.onboarding.enums import Audience


@register("onboarding")
def check_workflows(**_kwargs: Any) -> list[CheckMessage]:
    found = []
    for one in workflows():
        found += [
            Error(f"The workflow {one.code} applies {words}.", id="onboarding.E001")
            for words in _wrong_condition(one)
        ]
        for step in one.steps:
            found += [
                Error(f"The step {one.key(step)} {words}.", id=f"onboarding.{number}")
                for number, words in _wrong(one, step)
            ]
    return list(found)


def _wrong(one: Workflow, step: Step) -> Iterator[tuple[str, str]]:
    urlconf = settings.PUBLIC_URLCONF if step.is_public else settings.TENANT_URLCONF
    if not route_exists(step.url_name, urlconf):
        yield "E002", f"leads to {step.url_name!r}, which is no page of {urlconf} without arguments"
    if step.permission is not None and step.permission not in permissions():
        yield "E003", f"needs {step.permission}, which no app declares"
    for completion in step.completed_by:
        yield from _wrong_completion(one, completion)
    if not (step.completed_by or step.by_hand or step.is_done):
        yield "E006", "can never be done: no event completes it, nobody and nothing says that it is"
    for words in _wrong_condition(step):
        yield "E001", f"applies {words}"


def _wrong_completion(one: Workflow, completion: Completion) -> Iterator[tuple[str, str]]:
    cls = registry.events().get(completion.event)
    if cls is None:
        yield "E004", f"is completed by {completion.event}, which no app declares"
        return
    is_named = one.audience == Audience.MEMBER and completion.who != ACTOR
    if is_named and completion.who not in registry.fields_of(cls):
        yield "E005", f"looks for {completion.who} in {completion.event}, which has no such field"


def _wrong_condition(one: Workflow | Step) -> Iterator[str]:
    if isinstance(one.applies, Included) and one.applies.entitlement not in entitlements():
        yield f"where {one.applies.entitlement} is included, which no app declares"
