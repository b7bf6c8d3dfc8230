"""What the demo's product charges for: it has none of its own."""

from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from apps.credits.operations import Operation, Rate, Tier

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
TRANSLATE = Operation(
    "sandbox.translate",
    _("Translate documents"),
    _("From one language into another, with the layout kept."),
    _("words"),
    (
        Rate(
            1,
            SINCE,
            (Tier(10_000, 2_000), Tier(100_000, 1_500), Tier(None, 1_000)),
            minimum_microcredits=250_000,
        ),
    ),
)
TRANSCRIBE = Operation(
    "sandbox.transcribe",
    _("Transcribe recordings"),
    _("Speech into text, with who spoke."),
    _("minutes"),
    (Rate(1, SINCE, (Tier(None, 400_000),)),),
)
ANSWER = Operation(
    "sandbox.answer",
    _("Answer questions"),
    _("From the workspace’s own documents."),
    _("tokens"),
    (Rate(1, SINCE, (Tier(None, 750_000),), per=1_000),),
)
OPERATIONS = (TRANSLATE, TRANSCRIBE, ANSWER)
