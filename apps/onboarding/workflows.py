"""The platform's own workflows: setting a workspace up, and settling in. A product adds its own."""

from allauth.mfa.models import Authenticator
from django.utils.translation import gettext_lazy as _

from apps.accounts.permissions import MANAGE_SIGN_IN_POLICY
from apps.accounts.selectors import is_email_verified, person_by_id
from apps.accounts.sign_in_policy import sign_in_policy_of
from apps.billing.enums import Standing
from apps.billing.models import CreditPurchase, Subscription
from apps.billing.permissions import MANAGE_BILLING
from apps.onboarding.declarations import (
    Completion,
    Step,
    Subject,
    Workflow,
    declare_workflows,
)
from apps.onboarding.enums import Audience
from apps.organizations.models import Invitation, Member, Organization
from apps.organizations.permissions import CREATE_ORGANIZATION, INVITE_MEMBER
from apps.roles.models import ApiKey, Role
from apps.roles.permissions import MANAGE_API_KEY
from apps.tenants.permissions import UPDATE_SETTINGS

PAID = (Standing.ACTIVE, Standing.TRIAL)


def _has_company(_subject: Subject) -> bool:
    return Invitation.objects.exists() or Member.objects.count() > 1


def _has_structure(_subject: Subject) -> bool:
    return Organization.objects.filter(depth__gt=1).exists() or (
        Role.objects.filter(is_system=False).exists()
    )


def _pays(subject: Subject) -> bool:
    of_tenant = {"tenant_id": subject.tenant.id}
    return (
        Subscription.objects.filter(**of_tenant, standing__in=PAID).exists()
        or CreditPurchase.objects.filter(**of_tenant, paid_at__isnull=False).exists()
    )


def _requires_mfa(subject: Subject) -> bool:
    return sign_in_policy_of(subject.tenant.id).require_mfa


def _has_api_key(_subject: Subject) -> bool:
    return ApiKey.objects.exists()


WORKSPACE = Workflow(
    code="workspace",
    audience=Audience.TENANT,
    title=_("Set up your workspace"),
    description=_("What makes it useful for everybody in it."),
    version=1,
    order=10,
    steps=(
        Step(
            code="name",
            title=_("Check name and address"),
            help=_("Everybody sees the name, and links in mails begin with the address."),
            url_name="settings",
            action=_("Open settings"),
            permission=UPDATE_SETTINGS,
            completed_by=(
                Completion("tenants.tenant_renamed"),
                Completion("tenants.tenant_readdressed"),
                Completion("tenants.primary_domain_changed"),
            ),
            by_hand=True,
            is_required=True,
        ),
        Step(
            code="invite",
            title=_("Invite people"),
            help=_("They get a link by e-mail that is good for seven days."),
            url_name="invite",
            action=_("Invite"),
            permission=INVITE_MEMBER,
            after=("name",),
            completed_by=(
                Completion("organizations.member_invited"),
                Completion("organizations.invitation_accepted"),
            ),
            is_done=_has_company,
        ),
        Step(
            code="structure",
            title=_("Shape your organization"),
            help=_("Add a division, branch or team below your company, or a role of your own."),
            url_name="organizations",
            action=_("Open organizations"),
            permission=CREATE_ORGANIZATION,
            after=("name",),
            completed_by=(
                Completion(
                    "organizations.organization_changed", lambda event: event.change == "created"
                ),
                Completion("roles.role_changed", lambda event: event.change == "created"),
            ),
            is_done=_has_structure,
        ),
        Step(
            code="plan",
            title=_("Choose a plan or buy credits"),
            help=_("Compare what the plans include. You can change it at any time."),
            url_name="plans",
            action=_("Compare plans"),
            permission=MANAGE_BILLING,
            completed_by=(
                Completion("billing.subscription_changed", lambda event: event.to_standing in PAID),
                Completion("billing.credits_bought"),
            ),
            is_done=_pays,
        ),
        Step(
            code="sign_in",
            title=_("Secure the sign-in"),
            help=_("Ask everybody for a second factor, or let your identity provider decide."),
            url_name="sign_in_policy",
            action=_("Open sign-in"),
            permission=MANAGE_SIGN_IN_POLICY,
            after=("invite",),
            completed_by=(
                Completion("accounts.sign_in_policy_changed", lambda event: event.require_mfa),
                Completion("accounts.identity_provider_connected"),
            ),
            is_done=_requires_mfa,
        ),
        Step(
            code="api_key",
            title=_("Make the first API key"),
            help=_("For programs of yours that work with this workspace."),
            url_name="api_key_new",
            action=_("Make a key"),
            permission=MANAGE_API_KEY,
            completed_by=(Completion("roles.api_key_created"),),
            is_done=_has_api_key,
        ),
    ),
)


def _is_verified(subject: Subject) -> bool:
    person = person_by_id(subject.member.person_id) if subject.member else None
    return person is not None and is_email_verified(person)


def _has_time_zone(subject: Subject) -> bool:
    person = person_by_id(subject.member.person_id) if subject.member else None
    return person is not None and person.time_zone != "UTC"


def _has_factor(subject: Subject) -> bool:
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return subject.member is not None and (
        Authenticator.objects.filter(user_id=subject.member.person_id, type__in=kinds).exists()
    )


WELCOME = Workflow(
    code="welcome",
    audience=Audience.MEMBER,
    title=_("Settle in"),
    description=_("For yourself: the same in every workspace you belong to."),
    version=1,
    order=20,
    steps=(
        Step(
            code="address",
            title=_("Confirm your address"),
            help=_("A link was sent to it when you signed up."),
            url_name="profile",
            action=_("Open your profile"),
            is_public=True,
            is_required=True,
            by_hand=True,
            is_done=_is_verified,
        ),
        Step(
            code="profile",
            title=_("Say your name and time zone"),
            help=_("So that people know you, and every time you see is your own."),
            url_name="profile",
            action=_("Open your profile"),
            is_public=True,
            by_hand=True,
            completed_by=(Completion("accounts.person_updated"),),
            is_done=_has_time_zone,
        ),
        Step(
            code="second_factor",
            title=_("Add a second factor"),
            help=_("An app or a passkey keeps others out who know your password."),
            url_name="security",
            action=_("Open security"),
            is_public=True,
            completed_by=(Completion("accounts.factor_added"),),
            is_done=_has_factor,
        ),
    ),
)

declare_workflows(WORKSPACE, WELCOME)
