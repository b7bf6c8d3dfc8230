"""Start-up checks: a use that nothing tells of, and a question that is never asked, would be found late."""

import re
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from apps.adoption.enums import SurveyTrigger
from apps.adoption.registry import features
from apps.adoption.surveys import declared_surveys
from apps.common.access import permissions
from apps.common.flags import flags
from apps.common.urls import route_exists
from apps.events import registry

CODE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


@register("adoption")
def check_features(**_kwargs: Any) -> list[CheckMessage]:
    known = registry.events()
    found: list[CheckMessage] = [
        Error(f"The feature {one.code!r} has no code of the form app.thing.", id="adoption.E001")
        for one in features().values()
        if not CODE.fullmatch(one.code)
    ]
    found += [
        Error(
            f"The feature {one.code} is used by {name}, which no app declares.",
            hint="Correct the name, or install the app whose events.py declares it.",
            id="adoption.E002",
        )
        for one in features().values()
        for name in one.events
        if name not in known
    ]
    return found


@register("adoption")
def check_flags(**_kwargs: Any) -> list[CheckMessage]:
    return [
        Error(f"The flag {code!r} has no code of the form app.thing.", id="adoption.E004")
        for code in flags()
        if not CODE.fullmatch(code)
    ]


@register("adoption")
def check_surveys(**_kwargs: Any) -> list[CheckMessage]:
    """What a declared survey names: a permission, a feature, a page of the workspaces."""
    wrong = []
    for one in declared_surveys().values():
        if not CODE.fullmatch(one.code):
            wrong.append((one.code, "has no code of the form app.thing"))
        if one.permission and one.permission not in permissions():
            wrong.append((one.code, f"asks holders of {one.permission}, which no app declares"))
        if one.trigger == SurveyTrigger.AFTER_USE and one.feature not in features():
            wrong.append(
                (one.code, f"waits for the feature {one.feature!r}, which no app declares")
            )
        is_page = route_exists(one.page, settings.TENANT_URLCONF)
        if one.trigger == SurveyTrigger.ON_PAGE and not is_page:
            wrong.append((one.code, f"is shown on {one.page!r}, which is no page of workspaces"))
    return [Error(f"The survey {code!r} {words}.", id="adoption.E003") for code, words in wrong]
