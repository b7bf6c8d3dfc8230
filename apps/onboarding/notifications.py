from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.common.notifying import (
    Category,
    NotificationType,
    Related,
    register_categories,
    register_notifications,
)
from apps.onboarding.declarations import step_by_key


def _next(params: Mapping[str, Any]) -> dict[str, str]:
    """Empty for a step that this release has no longer."""
    found = step_by_key(f"{params['workflow']}.{params['step']}")
    if found is None:
        return {"workflow_title": "", "step_title": "", "step_help": ""}
    one, step = found
    return {
        "workflow_title": str(one.title),
        "step_title": str(step.title),
        "step_help": str(step.help),
    }


register_categories(
    Category("setup", _("Setup"), _("What is left to do in a new workspace."), order=50)
)
register_notifications(
    NotificationType(
        code="onboarding.nudge",
        label=_("A setup stands still"),
        category="setup",
        event="onboarding.progress_stalled",
        audience=Related(member="member_id"),
        title=_("Next: {{ step_title }}"),
        body=_("{{ step_help }} It is the next step of “{{ workflow_title }}” in {{ tenant }}."),
        action=_("Go on"),
        url="/onboarding/?step={{ workflow }}.{{ step }}",
        adds=_next,
        example={
            "workflow": "workspace",
            "step": "invite",
            "workflow_title": "Set up your workspace",
            "step_title": "Invite people",
            "step_help": "They get a link by e-mail that is good for seven days.",
        },
    )
)
