"""What the console shows. Imported by the admin's autodiscovery.

Here, and not in each app: a tenant's page needs people, who are a layer above tenants.
"""

from apps.accounts.models import (
    BrowserSession,
    EmailDomain,
    ExternalIdentity,
    IdentityProvider,
    Person,
    ScimToken,
    SigningKey,
    TenantMembership,
    TokenSession,
)
from apps.adoption.models import Survey
from apps.billing.models import (
    AddOn,
    CreditPack,
    EntitlementOverride,
    Plan,
    StripeEvent,
    Subscription,
    TenantPlan,
)
from apps.console.audit import PlatformEntryAdmin
from apps.console.dead_tasks import DeadTaskAdmin
from apps.console.domains import DomainAdmin
from apps.console.email_domains import EmailDomainAdmin
from apps.console.events import HandlingAdmin, OutboxEventAdmin
from apps.console.fleet import MigrationRunAdmin
from apps.console.identity_providers import ExternalIdentityAdmin, IdentityProviderAdmin
from apps.console.overrides import OverrideAdmin, TenantPlanAdmin
from apps.console.people import MembershipAdmin, PersonAdmin
from apps.console.plans import AddOnAdmin, CreditPackAdmin, PlanAdmin
from apps.console.schedules import ScheduleAdmin
from apps.console.scim_tokens import ScimTokenAdmin
from apps.console.sessions import BrowserSessionAdmin, TokenSessionAdmin
from apps.console.signing_keys import SigningKeyAdmin
from apps.console.site import site
from apps.console.stripe_events import StripeEventAdmin
from apps.console.subscriptions import SubscriptionAdmin
from apps.console.suppressions import SuppressionAdmin
from apps.console.surveys import SurveyAdmin
from apps.console.tenants import TenantAdmin
from apps.events.models import DeadTask, Handling, OutboxEvent
from apps.messaging.models import Suppression
from apps.schedules.models import Schedule
from apps.tenants.models import Domain, MigrationRun, Tenant
from apps.trail.models import PlatformEntry

site.register(Tenant, TenantAdmin)
site.register(Domain, DomainAdmin)
site.register(MigrationRun, MigrationRunAdmin)
site.register(Person, PersonAdmin)
site.register(TenantMembership, MembershipAdmin)
site.register(BrowserSession, BrowserSessionAdmin)
site.register(TokenSession, TokenSessionAdmin)
site.register(EmailDomain, EmailDomainAdmin)
site.register(ScimToken, ScimTokenAdmin)
site.register(SigningKey, SigningKeyAdmin)
site.register(IdentityProvider, IdentityProviderAdmin)
site.register(ExternalIdentity, ExternalIdentityAdmin)
site.register(Subscription, SubscriptionAdmin)
site.register(Plan, PlanAdmin)
site.register(AddOn, AddOnAdmin)
site.register(CreditPack, CreditPackAdmin)
site.register(TenantPlan, TenantPlanAdmin)
site.register(EntitlementOverride, OverrideAdmin)
site.register(Survey, SurveyAdmin)
site.register(OutboxEvent, OutboxEventAdmin)
site.register(Handling, HandlingAdmin)
site.register(DeadTask, DeadTaskAdmin)
site.register(Schedule, ScheduleAdmin)
site.register(Suppression, SuppressionAdmin)
site.register(StripeEvent, StripeEventAdmin)
site.register(PlatformEntry, PlatformEntryAdmin)
