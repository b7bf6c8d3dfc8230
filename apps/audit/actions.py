"""What is recorded: every event but those listed here, also what is declared later, and what is no event."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from apps.events import registry
from apps.trail.verifying import ERASED

NOT_AUDITED = {
    "accounts.email_requested": "a mail that is owed: what it is about is an event of its own",
    "messaging.email_tracked": "what became of one mail, of which there are very many; its delivery keeps it",
    "messaging.sms_tracked": "the same of an SMS",
    "organizations.member_person_changed": "accounts.person_updated, told to each workspace of the person",
}

# What is written without an event: refusals, at once, and erasures.
UNPUBLISHED = (
    ACCESS_DENIED := "audit.access_denied",
    SIGN_IN_FAILED := "audit.sign_in_failed",
    CREDENTIAL_REFUSED := "audit.credential_refused",
    REFUSALS_THINNED := "audit.refusals_thinned",
    ERASED,
)


def audited() -> list[str]:
    return [name for name in registry.events() if name not in NOT_AUDITED]


@register("events")
def exceptions_exist(**_kwargs: Any) -> list[CheckMessage]:
    declared = registry.events()
    return [
        Error(
            f"{name} is listed as not audited, and no app declares it.",
            hint="Correct the name in apps/audit/actions.py, or remove it.",
            id="audit.E001",
        )
        for name in NOT_AUDITED
        if name not in declared
    ]


@register("events")
def every_event_is_recorded(**_kwargs: Any) -> list[CheckMessage]:
    """One that was declared after the handlers were made would be missing from the audit log."""
    recorded = {
        one.event_name for one in registry.subscriptions().values() if one.name.startswith("audit.")
    }
    return [
        Error(
            f"Nothing records {name} in the audit log.",
            hint="Declare events in the events.py of an installed app.",
            id="audit.E002",
        )
        for name in audited()
        if name not in recorded
    ]
