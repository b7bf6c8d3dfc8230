from datetime import timedelta

import pytest
from django.utils import timezone

from apps.portal.templatetags.portal import ago, initials
from apps.portal.views.invitation_accept import mask


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86_399, "23 h ago"),
        (86_400, "yesterday"),
        (2 * 86_400, "2 days ago"),
        (-100, "in 2 min"),
        (-3 * 3600, "in 3 h"),
        (-86_400, "in 1 day"),
        (-7 * 86_400, "in 7 days"),
    ],
)
def test_ago(seconds: int, text: str) -> None:
    assert ago(timezone.now() - timedelta(seconds=seconds)) == text


def test_long_ago_is_a_date() -> None:
    assert ago(timezone.now().replace(year=2020, month=3, day=7)) == "7 Mar 2020"
    assert ago(None) == ""


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Lovelace", "AL"),
        ("Ada B. Lovelace", "AL"),
        ("bob@acme.test", "b"),
        ("Ng", "N"),
        ("", "?"),
        ("李小龍", "李"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("email", "masked"), [("dana@acme.test", "d•••@acme.test"), ("@x", "•••@x")]
)
def test_mask(email: str, masked: str) -> None:
    assert mask(email) == masked
