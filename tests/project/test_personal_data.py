"""No table with somebody's name, address or id is forgotten when a person is."""

from django.apps import apps
from django.conf import settings
from django.db import models

from apps.accounts.models import Person
from apps.common.personal_data import declared

NAMES = ("email", "actor", "actor_label", "requested_by", "ip", "user_agent", "person_id")
# Tables that name somebody and are no trace of them, with the reason.
EXEMPT = {
    "sandbox.email": "a stand-in's inbox, in no production",
    "accounts.refreshtoken": "goes with its session",
    "accounts.erasure": "the proof that it was done",
    "tenants.migrationtarget": "names a tenant",
    "tenants.tenant": "an id without a name",
    "credits.adjustmentrequest": "ids of staff, without names",
    "billing.billingcustomer": "where a workspace wants its invoices sent; it says so at Stripe",
    "djstripe.customer": "a copy of Stripe's, which follows it",
    "djstripe.webhookeventtrigger": "never written: events come in by our own inbox",
    "admin.logentry": "the console writes none: what staff do is in the events",
}


def names_somebody(model: type[models.Model]) -> bool:
    return any(
        field.name in NAMES
        or field.name.endswith(("_person_id", "_email", "_ip"))
        or (isinstance(field, models.ForeignKey) and field.related_model is Person)
        for field in model._meta.concrete_fields
    )


def test_every_table_about_people_is_declared() -> None:
    told = {
        rows.model._meta.label_lower
        for is_tenants in (True, False)
        for rows in declared(is_tenants=is_tenants)
    }
    missing = [
        model._meta.label_lower
        for config in apps.get_app_configs()
        if config.name in settings.INSTALLED_APPS
        for model in config.get_models()
        if names_somebody(model)
    ]
    assert sorted(set(missing) - told - EXEMPT.keys()) == []


def test_columns_exist() -> None:
    for is_tenants in (True, False):
        for rows in declared(is_tenants=is_tenants):
            rows.model._default_manager.values(*rows.columns)
