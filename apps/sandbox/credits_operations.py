"""What costs credits in the demo, as a product's apps would declare it."""

from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from apps.credits.operations import Operation, Rate, Tier

SUMMARIZE, TRANSCRIBE, TRANSLATE = "demo.summarize", "demo.transcribe", "demo.translate"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)

OPERATIONS = (
    Operation(
        SUMMARIZE,
        _("Summarize"),
        _("A document in short."),
        _("tokens"),
        (
            Rate(
                1,
                SINCE,
                (Tier(100_000, 400_000), Tier(None, 300_000)),
                per=1000,
                minimum_microcredits=100_000,
            ),
        ),
    ),
    Operation(
        TRANSCRIBE,
        _("Transcribe"),
        _("What is said in a recording, as text."),
        _("minutes"),
        (
            Rate(1, SINCE, (Tier(None, 250_000),)),
            Rate(2, datetime(2028, 1, 1, tzinfo=UTC), (Tier(60, 250_000), Tier(None, 200_000))),
        ),
    ),
    Operation(
        TRANSLATE,
        _("Translate"),
        _("A text in another language."),
        _("words"),
        (Rate(1, SINCE, (Tier(None, 1_500_000),), per=1000, minimum_microcredits=50_000),),
    ),
)
