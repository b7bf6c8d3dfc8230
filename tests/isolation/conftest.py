"""Two tenants that differ in nothing but their canaries: the same primary keys in every table."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.utils import timezone

from apps.accounts.models import (
    EmailDomain,
    ExternalIdentity,
    IdentityProvider,
    Person,
    ProviderOrganization,
    ScimToken,
    SignInPolicy,
)
from apps.adoption.models import FeatureDay, FeatureUse, SurveyAnswer
from apps.audit.chains import chain_of
from apps.audit.models import Entry
from apps.billing.models import (
    AutoTopUp,
    BillingCustomer,
    CreditPurchase,
    EntitlementOverride,
    Subscription,
    TenantAddOn,
    TenantPlan,
    UsageCounter,
)
from apps.common.actors import ActorKind
from apps.common.tenancy import tenant_context
from apps.credits.enums import GRANTS_ID, WALLET_ID, GrantSource, TransactionKind
from apps.credits.models import Grant, UsageEvent
from apps.credits.posting import Move, post
from apps.credits.spending import Item, Place, spend
from apps.feedback.models import Prompt
from apps.idempotency.models import KeptAnswer
from apps.notifications.models import (
    ChannelDefault,
    Delivery,
    Digest,
    InboxItem,
    Notification,
    Phone,
    Preference,
    PushDevice,
    TemplateOverride,
    Timing,
    WebhookTarget,
)
from apps.onboarding.models import Dismissal, StepState, WorkflowRun
from apps.organizations.models import (
    DirectoryUser,
    Group,
    GroupMembership,
    Invitation,
    JoinRequest,
    Member,
    Organization,
    OrganizationSetting,
    Placement,
    ProviderGroupRole,
    RoleBinding,
)
from apps.roles.models import ApiKey, Role
from apps.tenants.agenda import agenda_note
from apps.tenants.models import Domain, Export, Tenant, TenantEvent
from apps.trail.chains import NewEntry, entries_append
from apps.trail.models import Checkpoint, Segment
from tests.adoption.rows import give_use
from tests.api.client import Api, bearer
from tests.billing.rows import give_everything
from tests.conftest import SYSTEM, World

__all__ = ["bearer"]

SHARED = {
    name: uuid.UUID(f"0197c2a4-1111-7000-8000-{number:012d}")
    for number, name in enumerate(
        (
            *("organization", "role", "member", "person", "invitation", "api_key"),
            *("directory_user", "group", "join_request", "setting", "placement"),
            *("entry", "entry_target"),
            *("credit_grant", "credit_transaction", "credit_hold"),
            *("notification", "inbox_item", "delivery"),
        )
    )
}


@dataclass(frozen=True)
class Twin:
    """A tenant whose every row names its canary; ids are the other twin's too."""

    tenant: Tenant
    canary: str
    samples: dict[str, str]


def _plant(tenant: Tenant, canary: str) -> Twin:
    Tenant.objects.filter(id=tenant.id).update(name=f"{canary} company")
    with tenant_context(tenant):
        root = Organization.objects.get(depth=1)
        Organization.objects.filter(id=root.id).update(name=f"{canary} root")
        root.refresh_from_db()
        unit = Organization.objects.add_child(
            root, instance=Organization(id=SHARED["organization"], name=f"{canary} unit")
        )
        role = Role.objects.create(
            id=SHARED["role"], code=canary.lower(), name=f"{canary} role", description=canary
        )
        member = Member.objects.create(
            id=SHARED["member"],
            person_id=SHARED["person"],
            email=f"{canary}@example.com".lower(),
            name=f"{canary} person",
            organization=unit,
        )
        Placement.objects.create(id=SHARED["placement"], member=member, organization=root)
        OrganizationSetting.objects.create(
            id=SHARED["setting"],
            organization=unit,
            code="organizations.invitation_domains",
            value=f"{canary}.example",
        )
        binding = RoleBinding.objects.create(
            id=SHARED["person"], member=member, role=role, organization=unit
        )
        invitation = Invitation.objects.create(
            id=SHARED["invitation"],
            email=f"invited-{canary}@example.com".lower(),
            organization=unit,
            role_ids=[role.id],
            expires_at=timezone.now() + timedelta(days=1),
        )
        user = DirectoryUser.objects.create(
            id=SHARED["directory_user"],
            user_name=member.email,
            display_name=member.name,
            external_id=canary,
            member=member,
        )
        group = Group.objects.create(id=SHARED["group"], display_name=f"{canary} group")
        RoleBinding.objects.create(id=SHARED["group"], group=group, role=role, organization=unit)
        GroupMembership.objects.create(id=SHARED["group"], group=group, user=user)
        key = ApiKey.objects.create(
            id=SHARED["api_key"],
            name=f"{canary} key",
            hint="sk_0…canary",
            digest=hashlib.sha256(canary.encode()).hexdigest(),
            permissions=["organizations.view_member"],
            created_by=f"{canary}@example.com",
        )
        ProviderGroupRole.objects.create(
            id=SHARED["group"], group=f"{canary} staff", role=role, organization=unit
        )
        JoinRequest.objects.create(
            id=SHARED["join_request"],
            person_id=SHARED["person"],
            email=f"asks-{canary}@example.com".lower(),
            name=f"{canary} asks",
        )
        entries_append(
            chain_of(tenant),
            [
                NewEntry(
                    event_id=SHARED["entry"],
                    occurred_at=timezone.now(),
                    action="roles.role_changed",
                    actor_kind=ActorKind.PERSON,
                    actor_label=f"{canary}@example.com",
                    target_type="role",
                    targets=(str(SHARED["entry_target"]),),
                    what={"data": {"name": canary}},
                )
            ],
        )
        _plant_credits(canary)
        _plant_onboarding(canary, member)
        _plant_notifications(canary, member)
        agenda_note(f"{canary}.thing", timezone.now())
    # Ids of shared rows are nobody else's.
    signed = {"tenant_id": tenant.id, "signed_at": timezone.now(), "key_id": "", "signature": b""}
    Checkpoint.objects.create(seq=1, hash=b"", **signed)
    Segment.objects.create(
        first_seq=1, last_seq=1, prev_hash=b"", last_hash=b"", file=f"audit/{canary}", **signed
    )
    BillingCustomer.objects.create(
        tenant=tenant,
        stripe_id=f"cus_{canary}",
        name=f"{canary} company",
        email=f"{canary}@pays.test",
    )
    export = Export.objects.create(tenant=tenant, status="ready", requested_by=canary)
    domain = Domain.objects.create(
        tenant=tenant, domain=f"{canary}.example", token=f"token-of-{canary}"
    )
    SignInPolicy.objects.create(tenant=tenant, require_mfa=False)
    email_domain = EmailDomain.objects.create(
        tenant=tenant, domain=f"mail.{canary}.example", token=f"token-of-mail-of-{canary}"
    )
    scim_token = ScimToken.objects.create(
        tenant=tenant, label=f"{canary} provider", token_hash=canary
    )
    provider = IdentityProvider.objects.create(
        tenant=tenant,
        name=f"{canary} ID",
        issuer=f"https://id.{canary}.example",
        client_secret_encrypted=canary.encode(),
        algorithms=["RS256"],
        last_test_claims={"email": f"tests-{canary}@example.com"},
    )
    ExternalIdentity.objects.create(
        provider=provider,
        tenant=tenant,
        issuer=provider.issuer,
        subject=canary,
        # Nobody whose own data a twin asks for.
        person=Person.objects.get(email="staff@platform.test"),
    )
    ProviderOrganization.objects.create(provider=provider, tenant=tenant, code=canary)
    give_everything(tenant, canary)
    give_use(tenant, canary)
    samples = {
        "group_role_id": SHARED["group"],
        "entry_id": SHARED["entry"],
        "export_id": export.id,
        "organization_id": unit.id,
        "role_id": role.id,
        "member_id": member.id,
        "binding_id": binding.id,
        "invitation_id": invitation.id,
        "api_key_id": key.id,
        "join_request_id": SHARED["join_request"],
        "domain_id": domain.id,
        "email_domain_id": email_domain.id,
        "group_id": group.id,
        "scim_token_id": scim_token.id,
        "tenant_id": tenant.id,
        "slug": tenant.slug,
        "transaction_id": SHARED["credit_transaction"],
        "hold_id": SHARED["credit_hold"],
        "item_id": SHARED["inbox_item"],
    }
    return Twin(tenant, canary, {name: str(value) for name, value in samples.items()})


def _plant_onboarding(canary: str, member: Member) -> None:
    """A workflow that the member dismissed, a step of it, and a question: each named after the canary."""
    run = WorkflowRun.objects.create(
        id=SHARED["member"], workflow=canary, member=member, version=1, begun_version=1
    )
    StepState.objects.create(
        id=SHARED["member"], run=run, step=canary, status="done", decided_at=timezone.now()
    )
    Dismissal.objects.create(id=SHARED["member"], run=run, member=member)
    Prompt.objects.create(id=SHARED["member"], member=member, survey=canary)


def _plant_credits(canary: str) -> None:
    """A grant, a hold, and a usage event, each named after the canary."""
    now = timezone.now()
    grant = Grant.objects.create(
        id=SHARED["credit_grant"],
        source=GrantSource.PROMOTION,
        amount_microcredits=1000,
        effective_at=now,
        description=f"{canary} grant",
        reference=canary,
    )
    post(
        actor=SYSTEM,
        kind=TransactionKind.GRANT,
        moves=[Move(GRANTS_ID, WALLET_ID, grant.id, 1000)],
        id=SHARED["credit_transaction"],
        idempotency_key=f"{canary}-grant",
        fingerprint=SHARED["credit_grant"],
        balance_after=1000,
        related_id=grant.id,
    )
    item = Item(
        key=f"{canary}-hold",
        fingerprint=SHARED["credit_hold"],
        amount=10,
        actor=SYSTEM,
        expires_at=now + timedelta(days=1),
        id=SHARED["credit_hold"],
    )
    spend(Place(TransactionKind.HOLD, None, "demo.summarize"), [item], now)
    UsageEvent.objects.create(
        id=SHARED["credit_hold"],
        event_id=f"{canary}-event",
        fingerprint=SHARED["credit_hold"],
        transaction_id=SHARED["credit_transaction"],
        amount_microcredits=10,
        occurred_at=now,
        created_at=now,
    )


def _plant_notifications(canary: str, member: Member) -> None:
    """What the member was told, by every channel and in the workspace's own words."""
    now = timezone.now()
    notification = Notification.objects.create(
        id=SHARED["notification"],
        kind="organizations.member_joined",
        event_id=SHARED["entry"],
        params={"email": f"{canary}@example.com", "member_id": str(member.id)},
        actor_label=f"{canary}@example.com",
        handed_out_at=now,
    )
    InboxItem.objects.create(id=SHARED["inbox_item"], notification=notification, member=member)
    digest = Digest.objects.create(
        member=member, channel="email", due_at=now, state="sent", provider_key=canary
    )
    Delivery.objects.create(
        id=SHARED["delivery"],
        notification=notification,
        member=member,
        channel="email",
        state="merged",
        reason="digest",
        digest=digest,
        due_at=now,
        error=f"{canary} bounced",
    )
    Preference.objects.create(
        member=member, subject=f"{canary}.thing", channel="email", is_on=False
    )
    ChannelDefault.objects.create(subject=f"{canary}.thing", channel="email", is_on=False)
    Timing.objects.create(member=member)
    TemplateOverride.objects.create(
        kind="organizations.member_joined", language="en", title=f"{canary} {{{{ email }}}}"
    )
    Phone.objects.create(member=member, number_encrypted=canary.encode(), number_end="1234")
    PushDevice.objects.create(
        member=member,
        kind="web",
        address_encrypted=canary.encode(),
        address_digest=canary,
        label=f"{canary} phone",
        last_seen_at=now,
    )
    WebhookTarget.objects.create(url=f"https://{canary}.example/", secret_encrypted=canary.encode())


@pytest.fixture
def twins(world: World) -> tuple[Twin, Twin]:
    """acme and globex."""
    return _plant(world.acme, "kanarienvogel"), _plant(world.globex, "zaunkoenig")


@pytest.fixture
def snapshot() -> Callable[[Tenant], str]:
    """Every row of a tenant's schema, and its own rows of shared tables, as text.

    Without the audit log, which notes what others tried.
    """

    def take(tenant: Tenant) -> str:
        models = [
            model
            for config in apps.get_app_configs()
            if config.name in settings.TENANT_APPS
            for model in config.get_models()
            if model is not Entry
        ]
        models += [Tenant, Domain, TenantEvent, Export, EmailDomain, ScimToken, SignInPolicy]
        models += [TenantPlan, TenantAddOn, EntitlementOverride, UsageCounter, Subscription]
        models += [CreditPurchase, AutoTopUp]
        models += [BillingCustomer, FeatureUse, FeatureDay, SurveyAnswer, KeptAnswer]
        with tenant_context(tenant):
            return "\n".join(
                serializers.serialize("jsonl", model.objects.order_by("pk")) for model in models
            )

    return take


@pytest.fixture
def tokens_of_charlie(bearer: Callable[..., Api], world: World) -> dict[str, dict[str, Any]]:
    """Ways in which globex's owner may call acme's API: arguments for `bearer`."""
    return {
        "token on acme's host": {"tenant": world.acme},
        "token of globex on acme's host": {"tenant": world.acme, "bound": world.globex},
        "X-Tenant on the public host": {"tenant": None, "X-Tenant": "acme"},
        "token of globex, X-Tenant": {"tenant": None, "bound": world.globex, "X-Tenant": "acme"},
        "X-Tenant on globex's host": {"tenant": world.globex, "X-Tenant": "acme"},
    }
