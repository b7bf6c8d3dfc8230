"""The workspace's colour and what stands at the end of its mails."""

import pytest

from apps.common.actors import Actor
from apps.common.colors import color_parse, contrast
from apps.common.errors import InvalidInput, NotFound, PermissionDenied
from apps.events.models import OutboxEvent
from apps.tenants.models import Tenant
from apps.tenants.services import tenant_brand_set


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#ffffff", "#ffffff") == 1
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48
    assert round(contrast("#ffffff", "#767676"), 2) == 4.54


def test_ways_to_write_a_colour() -> None:
    assert [color_parse(text) for text in (" #1D4ED8", "1d4ed8", "#abc")] == [
        *("#1d4ed8", "#1d4ed8", "#aabbcc")
    ]
    for text in ("red", "#12345", "#gggggg", "", "url(x)", "#1d4ed8;x"):
        with pytest.raises(ValueError, match="is no colour"):
            color_parse(text)


@pytest.mark.django_db
def test_set_and_take_back(owner: Actor, acme: Tenant) -> None:
    done = tenant_brand_set(
        actor=owner, tenant_id=acme.id, accent_color="#1D4ED8", mail_footer=" Acme   Ltd "
    )
    assert (done.accent_color, done.mail_footer) == ("#1d4ed8", "Acme Ltd")
    tenant_brand_set(actor=owner, tenant_id=acme.id, accent_color="1d4ed8")
    done = tenant_brand_set(actor=owner, tenant_id=acme.id, accent_color="")
    assert (done.accent_color, done.mail_footer) == ("", "Acme Ltd")
    found = OutboxEvent.objects.filter(name="tenants.brand_changed").order_by("position")
    assert [one.payload["accent_color"] for one in found] == ["#1d4ed8", ""]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "attr", "code"),
    [
        ({"accent_color": "red"}, "accent_color", "color_invalid"),
        ({"accent_color": "#777777"}, "accent_color", "contrast_low"),
        ({"accent_color": "#ffffff"}, "accent_color", "contrast_low"),
        ({"mail_footer": "x" * 301}, "mail_footer", "footer_invalid"),
        ({"mail_footer": "a\x00b"}, "mail_footer", "footer_invalid"),
    ],
)
def test_refused(owner: Actor, acme: Tenant, values: dict[str, str], attr: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        tenant_brand_set(actor=owner, tenant_id=acme.id, **values)
    assert [(one.attr, one.code) for one in caught.value.errors] == [(attr, code)]
    acme.refresh_from_db()
    assert (acme.accent_color, acme.mail_footer) == ("", "")


@pytest.mark.django_db
def test_who_may(member: Actor, owner: Actor, acme: Tenant, globex: Tenant) -> None:
    with pytest.raises(PermissionDenied):
        tenant_brand_set(actor=member, tenant_id=acme.id, accent_color="#1d4ed8")
    with pytest.raises(NotFound):
        tenant_brand_set(actor=owner, tenant_id=globex.id, accent_color="#1d4ed8")
