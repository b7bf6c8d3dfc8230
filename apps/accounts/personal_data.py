from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import Q

from apps.accounts.models import (
    BrowserSession,
    ExternalIdentity,
    IdentityProvider,
    KnownDevice,
    Person,
    ScimToken,
    TenantMembership,
    TokenSession,
)
from apps.common.personal_data import (
    ERASED_NAME,
    PersonalRows,
    Subject,
    declare,
    delete,
    overwrite,
    pseudonym,
)


def _person(subject: Subject) -> Q:
    return Q(person_id=subject.person_id)


def _made_by(subject: Subject) -> Q:
    return Q(created_by__iexact=subject.email) if subject.email else Q(pk__in=[])


declare(
    # The row stays, so that what names its id does not point nowhere.
    PersonalRows(
        Person,
        lambda subject: Q(id=subject.person_id),
        ("id", "email", "name", "language", "time_zone", "is_staff", "last_login", "created_at"),
        overwrite(
            email=pseudonym,
            name=ERASED_NAME,
            language="en",
            time_zone="UTC",
            is_staff=False,
            is_superuser=False,
            last_login=None,
        ),
    ),
    PersonalRows(
        EmailAddress,
        lambda subject: Q(user_id=subject.person_id),
        ("email", "verified", "primary"),
        delete,
    ),
    PersonalRows(
        ExternalIdentity,
        _person,
        ("provider__name", "issuer", "subject", "email", "last_used_at", "created_at"),
        delete,
    ),
    # What the test of a provider showed of who made it.
    PersonalRows(
        IdentityProvider,
        lambda subject: Q(last_test_claims__email=subject.email or None),
        ("last_test_claims", "last_tested_at"),
        overwrite(last_test_claims={}),
    ),
    PersonalRows(
        SocialAccount,
        lambda subject: Q(user_id=subject.person_id),
        ("provider", "uid", "extra_data", "date_joined", "last_login"),
        delete,
    ),
    PersonalRows(
        Authenticator,
        lambda subject: Q(user_id=subject.person_id),
        ("type", "created_at", "last_used_at"),
        delete,
    ),
    PersonalRows(TenantMembership, _person, ("tenant__slug", "created_at"), delete),
    PersonalRows(
        BrowserSession,
        _person,
        ("host", "user_agent", "ip", "last_used_at", "expires_at", "revoked_at", "created_at"),
        delete,
    ),
    PersonalRows(KnownDevice, _person, ("user_agent", "ip", "last_used_at", "created_at"), delete),
    PersonalRows(
        TokenSession,
        _person,
        ("user_agent", "ip", "last_used_at", "expires_at", "revoked_at", "created_at"),
        delete,
    ),
    # The workspace's token stays; where it was last used from is its identity provider's address.
    PersonalRows(
        ScimToken,
        _made_by,
        ("tenant__slug", "label", "created_at"),
        overwrite(created_by=pseudonym),
    ),
)
