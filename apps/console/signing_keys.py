"""The keys that sign access tokens."""

from collections.abc import Sequence

from django.utils.safestring import SafeString
from unfold.decorators import display

from apps.accounts.enums import SigningKeyState as S
from apps.accounts.models import SigningKey
from apps.accounts.signing_keys import (
    GONE,
    PUBLISHED_AHEAD_S,
    signing_key_revoke,
    signing_key_rotate,
)
from apps.console import rendering as r
from apps.console.acts import Act, ReasonForm
from apps.console.pages import Cell, ConsolePage, Facts, Section, Text

TONES = {
    S.NEXT: "info",
    S.SIGNING: "good",
    S.VERIFYING: "quiet",
    S.RETIRED: "quiet",
    S.REVOKED: "bad",
}

SIGNING_KEY_ACTS = (
    Act(
        name="rotate",
        label="Rotate",
        icon="autorenew",
        available=lambda key: key.state == S.SIGNING and key.retired_at is None,
        explain=lambda _key: [
            "A new key is made and published now, so that whoever verifies our tokens knows it in time.",
            f"It signs in {PUBLISHED_AHEAD_S // 60} minutes; nobody is signed out.",
        ],
        run=lambda actor, _key, _data: signing_key_rotate(actor=actor),
        done=lambda _key: "The next key is published.",
    ),
    Act(
        name="revoke",
        label="Revoke",
        icon="key_off",
        available=lambda key: key.state not in GONE,
        explain=lambda _key: [
            "For a key that others may have. What it signed is refused, in all processes within a minute.",
            "Apps and devices get new tokens by their refresh tokens: nobody is signed out.",
            "If the key was signing, another does at once.",
        ],
        run=lambda actor, key, data: signing_key_revoke(
            actor=actor, kid=key.kid, reason=data["reason"]
        ),
        done=lambda _key: "The key is revoked.",
        form=ReasonForm,
        dangerous=True,
    ),
)


class SigningKeyAdmin(ConsolePage):
    acts = SIGNING_KEY_ACTS
    empty_text = "The first sign-in by API makes a key."
    list_display = ("kid", "badge", "from_when", "until_when")
    list_display_links = ("kid",)
    search_fields = ("kid",)
    search_help_text = "Key id"
    ordering = ("-signs_from", "-id")

    @display(description="State")
    def badge(self, key: SigningKey) -> SafeString:
        return signing_key_badge(key)

    @display(description="Signs from", ordering="signs_from")
    def from_when(self, key: SigningKey) -> SafeString:
        return r.when(key.signs_from)

    @display(description="Signs until", ordering="retired_at")
    def until_when(self, key: SigningKey) -> SafeString:
        return r.when(key.retired_at)

    def title(self, obj: SigningKey) -> str:
        return obj.kid

    def badges(self, obj: SigningKey) -> Sequence[SafeString]:
        return (signing_key_badge(obj),)

    def sections(self, obj: SigningKey) -> Sequence[Section]:
        rows: list[tuple[str, Cell]] = [
            ("Made", r.exact(obj.created_at)),
            ("Signs from", r.exact(obj.signs_from)),
            ("Signs until", r.exact(obj.retired_at)),
            ("Verifies until", r.exact(obj.revoked_at or obj.verifies_until)),
        ]
        return [Facts("Facts", rows), Text("Public key", r.pretty(obj.public_jwk))]


def signing_key_badge(key: SigningKey) -> SafeString:
    return r.badge(str(key.state.label), TONES[key.state])
