"""The account itself. It is its own platform: there are no connected ones."""

from apps.sandbox.stripe.context import Context
from apps.sandbox.stripe.errors import Forbidden
from apps.sandbox.stripe.registry import Json, kind, route

kind("account", prefix="acct_")


def shown(ctx: Context) -> Json:
    account = ctx.account
    return {
        "id": account.id,
        "object": "account",
        "business_profile": {
            "annual_revenue": None,
            "estimated_worker_count": None,
            "mcc": None,
            "minority_owned_business_designation": None,
            "name": account.name,
            "product_description": None,
            "support_address": None,
            "support_email": None,
            "support_phone": None,
            "support_url": None,
            "url": None,
        },
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "DE",
        "default_currency": "eur",
        "details_submitted": True,
        "email": "billing@sandbox.test",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "bacs_debit_payments": {"display_name": None, "service_user_number": None},
            "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color")),
            "card_payments": {"statement_descriptor_prefix": "SANDBOX"},
            "dashboard": {"display_name": account.name, "timezone": "Etc/UTC"},
            "invoices": {"default_account_tax_ids": None},
            "payments": {"statement_descriptor": "SANDBOX"},
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            },
        },
        "type": "standard",
    }


@route("GET", "/v1/account", "AccountRetrieveParams")
def retrieve_own(ctx: Context, params: Json) -> Json:
    return shown(ctx)


@route("GET", "/v1/accounts/{account}", "AccountRetrieveParams")
def retrieve(ctx: Context, params: Json, account: str) -> Json:
    if account != ctx.account.id:
        raise Forbidden(
            f"The provided key does not have access to account '{account}' (or that account does not "
            "exist). Application access may have been revoked.",
            code="account_invalid",
        )
    return shown(ctx)
