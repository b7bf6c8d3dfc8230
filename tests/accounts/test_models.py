import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.accounts.models import Person

pytestmark = pytest.mark.django_db


def test_create_user_normalises_and_hashes() -> None:
    person = Person.objects.create_user("  Dana@Example.COM ", "wrapper-demo", name=" Dana  Vos ")
    assert person.email == "dana@example.com"
    assert person.name == "Dana Vos"
    assert person.check_password("wrapper-demo")
    assert (person.language, person.time_zone) == ("en", "UTC")
    assert (person.is_staff, person.is_superuser, person.is_active) == (False, False, True)
    assert person.id.version == 7


def test_create_superuser_without_name() -> None:
    person = Person.objects.create_superuser("Root@platform.test", "wrapper-demo")
    assert (person.is_staff, person.is_superuser, person.name) == (True, True, "root")


def test_without_password_nobody_signs_in() -> None:
    person = Person.objects.create_user("dana@example.com", name="Dana")
    assert not person.has_usable_password()


def test_address_is_unique_whatever_the_case() -> None:
    Person.objects.create_user("dana@example.com", "wrapper-demo", name="Dana")
    with pytest.raises(ValidationError) as raised:
        Person.objects.create_user("DANA@example.com", "wrapper-demo", name="Other")
    assert list(raised.value.message_dict) == ["email"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.bulk_create([Person(email="Dana@example.com", name="Other")])
    assert Person.objects.filter(email__iexact="dana@example.com").count() == 1


def test_natural_key_ignores_case() -> None:
    person = Person.objects.create_user("dana@example.com", name="Dana")
    assert Person.objects.get_by_natural_key("Dana@Example.com") == person


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("language", "tlh"),
        ("name", "a" * 151),
        ("name", "Dana\r\nBcc: x"),
        ("email", "not an address"),
    ],
)
def test_refuses(field: str, value: str) -> None:
    values = {"email": "dana@example.com", "name": "Dana", field: value}
    with pytest.raises(ValidationError) as raised:
        Person.objects.create_user(**values)
    assert list(raised.value.message_dict) == [field]


@pytest.mark.parametrize(
    ("name", "first_name", "initials"),
    [
        ("Dana Vos", "Dana", "DV"),
        ("Dana", "Dana", "D"),
        ("Dana van der Vos", "Dana", "DV"),
        ("", "dana", "D"),
    ],
)
def test_names_for_pages(name: str, first_name: str, initials: str) -> None:
    person = Person(email="dana@example.com", name=name)
    assert (person.first_name, person.initials) == (first_name, initials)


def test_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="required"):
        Person.objects.create_user("  ")
