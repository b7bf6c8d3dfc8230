import re
from datetime import timedelta

import pytest
from django.utils import timezone
from lucide import IconDoesNotExist
from lucide.templatetags.lucide import lucide

from apps.accounts.models import Person
from apps.portal.templatetags.portal import ago, icon, initials
from apps.portal.views.invitation_accept import mask
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn


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


def test_an_icon_is_the_librarys_in_its_size_and_hidden_from_readers() -> None:
    wanted = lucide(
        "users", size=20, **{"class": "icon x", "aria_hidden": "true", "focusable": "false"}
    )
    assert [icon("users", "20", "icon x") for _ in range(2)] == [wanted] * 2
    for part in ('width="20"', 'aria-hidden="true"', 'class="icon x"', "<path "):
        assert part in wanted
    with pytest.raises(IconDoesNotExist):
        icon("no-such-icon", "20", "icon")


@pytest.mark.django_db
def test_pages_draw_their_icons(sign_in: SignIn, alice: Person, acme: Tenant) -> None:
    page = sign_in(alice, acme).get("/members/").content.decode()
    # The sidebar alone has more.
    assert len(re.findall(r'<svg[^>]* class="icon "[^>]* aria-hidden="true"', page)) >= 10
