"""Masks, and that no column is forgotten."""

import uuid

import pytest
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.test.utils import isolate_apps

from apps.organizations.models import Member
from apps.tenants import masking
from apps.tenants.masking import Mask, is_free, register_masks, undeclared

ID = "0197c2a4-9b1d-7d4e-8a3f-2b1c0d9e8f7a"


def masked(mask: Mask, *values: str | None, kind: str = "text", fresh: bool = True) -> list[object]:
    """What becomes of values in one copy."""
    with connection.cursor() as cursor:
        if fresh:
            cursor.execute(masking.SALT_SQL)
        cursor.execute(
            f"SELECT {mask.expression('v')} FROM unnest(%s::{kind}[]) WITH ORDINALITY AS t(v, n) ORDER BY n",
            [list(values)],
        )
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.django_db
class TestMasks:
    def test_equal_values_stay_equal_in_a_copy_and_differ_in_the_next(self) -> None:
        for mask, kind, one, other in (
            (Mask.EMAIL, "text", "alice@acme.test", "bob@acme.test"),
            (Mask.NAME, "text", "Alice Archer", "Bob Baker"),
            (Mask.ID, "uuid", ID, str(uuid.UUID(int=7))),
        ):
            first = masked(mask, one, one, other, kind=kind)
            again = masked(mask, one, kind=kind, fresh=False)
            assert first[0] == first[1] == again[0]
            assert first[0] != first[2]
            assert masked(mask, one, kind=kind) != [first[0]]

    def test_what_they_look_like(self) -> None:
        (email,) = masked(Mask.EMAIL, "Alice@acme.test")
        assert masked(Mask.EMAIL, "alice@ACME.test", fresh=False) == [email]
        name, local = str(email).partition("@")[2], str(email).partition("@")[0]
        assert (name, len(local)) == ("masked.invalid", 19)
        assert str(masked(Mask.NAME, "Alice")[0]).startswith("Person ")
        assert isinstance(masked(Mask.ID, ID, kind="uuid")[0], uuid.UUID)
        assert masked(Mask.TEXT, "a secret", "", None) == ["Masked", "", None]
        assert masked(Mask.JSON, '{"a": 1}', None, kind="jsonb") == ["{}", None]
        assert masked(Mask.NULL, "a") == [None]
        assert masked(Mask.NEW_ID, ID, kind="uuid") != [uuid.UUID(ID)]

    @pytest.mark.parametrize("mask", [Mask.EMAIL, Mask.NAME, Mask.TEXT])
    def test_nothing_stays_nothing(self, mask: Mask) -> None:
        assert masked(mask, None, "") == [None, ""]

    def test_without_a_salt_there_is_no_hash_to_guess(self) -> None:
        for mask, value, kind in ((Mask.EMAIL, "x", "text"), (Mask.ID, ID, "uuid")):
            assert masked(mask, value, kind=kind, fresh=False) == [None]


class Kind(models.TextChoices):
    A = "a"


@isolate_apps("apps.organizations")
def test_a_free_column_has_to_be_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    class Odd(models.Model):
        key = models.UUIDField(primary_key=True)
        parent = models.ForeignKey("self", on_delete=models.CASCADE)
        kind = models.CharField(choices=Kind, max_length=1)
        count = models.PositiveSmallIntegerField()
        amount = models.DecimalField(max_digits=9, decimal_places=2)
        done = models.BooleanField()
        at = models.DateTimeField()
        text = models.TextField()
        short = models.CharField(max_length=9)
        slug = models.SlugField()
        mail = models.EmailField()
        link = models.URLField()
        payload = models.JSONField()
        person_id = models.UUIDField()
        born = models.DateField()
        ip = models.GenericIPAddressField()
        data = models.BinaryField()
        file = models.FileField()
        tags = ArrayField(models.CharField(max_length=9))

        class Meta:
            app_label = "organizations"

        def __str__(self) -> str:
            return self.text

    free = [
        "text", "short", "slug", "mail", "link", "payload", "person_id", "born", "ip", "data", "file", "tags",
    ]  # fmt: skip
    assert [field.name for field in Odd._meta.concrete_fields if is_free(field)] == free
    monkeypatch.setattr(masking, "_masks", dict(masking._masks))
    assert undeclared(Odd) == free
    register_masks(Odd, text=Mask.TEXT, kept=free[2:])
    assert undeclared(Odd) == ["short"]
    with pytest.raises(ImproperlyConfigured, match="has no field shirt"):
        register_masks(Odd, kept=("shirt",))


def test_the_check_names_what_was_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    assert masking.every_free_column_is_declared() == []
    forgotten = {**masking._masks, Member: {"email": Mask.EMAIL, "name": Mask.NAME}}
    monkeypatch.setattr(masking, "_masks", forgotten)
    (error,) = masking.every_free_column_is_declared()
    assert error.id == "tenants.E006"
    assert "organizations.Member.person_id is neither masked nor kept" in error.msg


NOTIFICATIONS = (
    *("ChannelDefault", "Delivery", "Digest", "InboxItem", "Notification", "Phone", "Preference"),
    *("PushDevice", "TemplateOverride", "Timing", "WebhookTarget"),
)


def test_every_table_of_tenants_is_looked_at() -> None:
    labels = {model._meta.label for model in masking.tenant_models()}
    assert labels == {
        "audit.Entry",
        "credits.Account",
        "credits.AdjustmentRequest",
        "credits.Archive",
        "credits.Budget",
        "credits.CarriedEntry",
        "credits.Entry",
        "credits.Grant",
        "credits.Hold",
        "credits.HoldPart",
        "credits.Lot",
        "credits.SpendingCap",
        "credits.Transaction",
        "credits.UsageDay",
        "credits.UsageEvent",
        "feedback.Prompt",
        *(f"notifications.{name}" for name in NOTIFICATIONS),
        "onboarding.Dismissal",
        "onboarding.StepState",
        "onboarding.WorkflowRun",
        "roles.ApiKey",
        "roles.Role",
        "organizations.Organization",
        "organizations.JoinRequest",
        "organizations.Member",
        "organizations.RoleBinding",
        "organizations.Invitation",
        "organizations.DirectoryUser",
        "organizations.Group",
        "organizations.ProviderGroupRole",
        "organizations.GroupMembership",
        "organizations.OrganizationSetting",
        "organizations.Placement",
        "roles.RoleInclusion",
    }
