"""How people are made without a request: commands, fixtures, seeds."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import BaseUserManager
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from apps.accounts.models import Person


def normalize_email(email: str) -> str:
    """The form in which addresses are stored and compared: trimmed, lower case."""
    return email.strip().lower()


class PersonManager(BaseUserManager["Person"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return normalize_email(email or "")

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email=normalize_email(username or ""))

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        """A new person; without a password they cannot sign in by one. Verifies no address."""
        if not email or not email.strip():
            raise ValueError(_("An e-mail address is required."))
        person = self.model(email=normalize_email(email), **fields)
        person.set_password(password)
        person.full_clean(exclude=["password"])
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        """Platform staff that may do everything in the console."""
        fields = {
            "name": normalize_email(email).partition("@")[0],
            **fields,
            "is_staff": True,
            "is_superuser": True,
        }
        return self.create_user(email, password, **fields)
