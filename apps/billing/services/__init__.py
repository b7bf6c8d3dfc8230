"""Writes on the catalogue and on what tenants have of it. All are for the platform: staff and the system."""

from apps.billing.services.add_ons import AddOnsPreview, add_ons_change, add_ons_preview
from apps.billing.services.cancelling import subscription_cancel, subscription_keep
from apps.billing.services.catalogue import (
    plan_retire,
    version_discard,
    version_draft,
    version_publish,
    version_retire,
)
from apps.billing.services.changing import Preview, change_preview, plan_change
from apps.billing.services.checkout import Page, checkout_begin, portal_begin
from apps.billing.services.contacts import Contacts, contacts_set
from apps.billing.services.loading import catalogue_load
from apps.billing.services.packs import Change
from apps.billing.services.pausing import subscription_pause, subscription_resume
from apps.billing.services.purchases import pack_checkout_begin, pack_price, purchase_take_over
from apps.billing.services.refunds import invoice_refund
from apps.billing.services.seats import seats_follow, seats_note_changed, seats_overdue
from apps.billing.services.staff import subscription_cancel_by_staff, subscription_refresh
from apps.billing.services.subscriptions import (
    subscription_settle,
    subscription_take_over,
    subscriptions_due,
)
from apps.billing.services.syncing import SyncStep, catalogue_sync
from apps.billing.services.tenants import (
    add_on_set,
    override_set,
    override_withdraw,
    plan_assign,
    plan_assign_missing,
)
from apps.billing.services.top_ups import purchase_check, purchases_overdue, top_up_buy

__all__ = [
    "AddOnsPreview",
    "Change",
    "Contacts",
    "Page",
    "Preview",
    "SyncStep",
    "add_on_set",
    "add_ons_change",
    "add_ons_preview",
    "catalogue_load",
    "catalogue_sync",
    "change_preview",
    "checkout_begin",
    "contacts_set",
    "invoice_refund",
    "override_set",
    "override_withdraw",
    "pack_checkout_begin",
    "pack_price",
    "plan_assign",
    "plan_assign_missing",
    "plan_change",
    "plan_retire",
    "portal_begin",
    "purchase_check",
    "purchase_take_over",
    "purchases_overdue",
    "seats_follow",
    "seats_note_changed",
    "seats_overdue",
    "subscription_cancel",
    "subscription_cancel_by_staff",
    "subscription_keep",
    "subscription_pause",
    "subscription_refresh",
    "subscription_resume",
    "subscription_settle",
    "subscription_take_over",
    "subscriptions_due",
    "top_up_buy",
    "version_discard",
    "version_draft",
    "version_publish",
    "version_retire",
]
