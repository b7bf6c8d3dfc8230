from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from apps.common.personal_data import (
    ERASED_NAME,
    PersonalRows,
    Subject,
    declare,
    delete,
    overwrite,
    pseudonym,
)
from apps.organizations.models import (
    DirectoryUser,
    GroupMembership,
    Invitation,
    JoinRequest,
    Member,
    Placement,
    RoleBinding,
)


def _invited(subject: Subject) -> Q:
    found = Q(member__person_id=subject.person_id)
    return found | Q(email__iexact=subject.email) if subject.email else found


def _erase_invitations(rows: QuerySet[Invitation], subject: Subject) -> None:
    rows.filter(accepted_at=None).update(revoked_at=Coalesce(F("revoked_at"), Now()))
    rows.update(email=subject.pseudonym)


def _provisioned(subject: Subject) -> Q:
    found = Q(member__person_id=subject.person_id)
    return found | Q(user_name=subject.email.lower()) if subject.email else found


declare(
    # The row stays: history points at it.
    PersonalRows(
        Member,
        lambda subject: Q(person_id=subject.person_id),
        ("email", "name", "status", "organization__name", "created_at"),
        overwrite(email=pseudonym, name=ERASED_NAME),
    ),
    PersonalRows(
        Placement,
        lambda subject: Q(member__person_id=subject.person_id),
        ("organization__name", "created_at"),
        delete,
    ),
    PersonalRows(
        RoleBinding,
        lambda subject: Q(member__person_id=subject.person_id),
        ("role__name", "organization__name", "starts_at", "ends_at", "created_at"),
        delete,
    ),
    PersonalRows(
        GroupMembership,
        lambda subject: Q(member__person_id=subject.person_id),
        ("group__display_name", "created_at"),
        delete,
    ),
    PersonalRows(
        Invitation,
        _invited,
        ("email", "organization__name", "expires_at", "accepted_at", "revoked_at", "created_at"),
        _erase_invitations,
    ),
    PersonalRows(
        DirectoryUser,
        _provisioned,
        ("user_name", "external_id", "display_name", "given_name", "family_name", "created_at"),
        delete,
    ),
    PersonalRows(
        JoinRequest,
        lambda subject: Q(person_id=subject.person_id),
        ("email", "name", "status", "decided_at", "created_at"),
        delete,
    ),
)
