"""What is sold. Edit it, then `manage.py billing plans`, and with --apply: who has a plan keeps its terms."""

from apps.billing.declarations import (
    UNLIMITED,
    AddOnDeclaration,
    PackDeclaration,
    PlanDeclaration,
    Terms,
    gives,
    monthly,
    soft,
)

CREDIT = 1_000_000  # microcredits

PLANS = (
    PlanDeclaration(
        "free",
        "Free",
        "To get to know it, alone or with a few others.",
        Terms(
            prices=monthly({"EUR": 0, "USD": 0}),
            entitlements=gives(
                {
                    "organizations.seats": 5,
                    "organizations.organizations": 10,
                    "organizations.depth": 3,
                    "organizations.provisioning": False,
                    "roles.custom_roles": 1,
                    "roles.api_keys": 2,
                    "tenants.custom_domains": 1,
                    "tenants.exports": 2,
                    "audit.retention_days": 30,
                    "accounts.single_sign_on": False,
                }
            ),
        ),
        is_default=True,
    ),
    PlanDeclaration(
        "starter",
        "Starter",
        "For a team that works with it every day.",
        Terms(
            prices=monthly({"EUR": 900, "USD": 1000}, is_per_seat=True),
            entitlements=gives(
                {
                    "organizations.seats": 20,
                    "organizations.organizations": 50,
                    "organizations.depth": 4,
                    "organizations.provisioning": False,
                    "roles.custom_roles": 5,
                    "roles.api_keys": 10,
                    "tenants.custom_domains": 1,
                    "tenants.exports": 10,
                    "audit.retention_days": 90,
                    "accounts.single_sign_on": False,
                }
            ),
            trial_days=14,
            credits_per_period_microcredits=100 * CREDIT,
        ),
    ),
    PlanDeclaration(
        "business",
        "Business",
        "For companies with departments, rules and an identity provider.",
        Terms(
            prices=monthly({"EUR": 1900, "USD": 2100}, is_per_seat=True),
            entitlements=gives(
                {
                    "organizations.seats": soft(100),
                    "organizations.organizations": 500,
                    "organizations.depth": 8,
                    "organizations.provisioning": True,
                    "roles.custom_roles": 50,
                    "roles.api_keys": 100,
                    "tenants.custom_domains": 10,
                    "tenants.exports": 60,
                    "audit.retention_days": 365,
                    "accounts.single_sign_on": True,
                }
            ),
            trial_days=14,
            credits_per_period_microcredits=1000 * CREDIT,
            credits_rollover_microcredits=500 * CREDIT,
        ),
    ),
    PlanDeclaration(
        "enterprise",
        "Enterprise",
        "Without limits, on terms of your own.",
        Terms(
            entitlements=gives(
                {
                    "organizations.seats": UNLIMITED,
                    "organizations.organizations": UNLIMITED,
                    "organizations.depth": UNLIMITED,
                    "organizations.provisioning": True,
                    "roles.custom_roles": UNLIMITED,
                    "roles.api_keys": UNLIMITED,
                    "api.requests_per_15_minutes": 8000,
                    "tenants.custom_domains": UNLIMITED,
                    "tenants.exports": UNLIMITED,
                    "audit.retention_days": UNLIMITED,
                    "accounts.single_sign_on": True,
                }
            ),
        ),
    ),
)

ADD_ONS = (
    AddOnDeclaration(
        "seats_10",
        "Ten more seats",
        "For who grows, but not out of the plan.",
        Terms(
            prices=monthly({"EUR": 7900, "USD": 8900}),
            entitlements=gives({"organizations.seats": 10}),
        ),
    ),
    AddOnDeclaration(
        "single_sign_on",
        "Single sign-on",
        "Sign in by your company's identity provider, on any plan.",
        Terms(
            prices=monthly({"EUR": 4900, "USD": 5500}),
            entitlements=gives({"accounts.single_sign_on": True}),
        ),
    ),
)

PACKS = (
    PackDeclaration(
        "credits_500",
        "500 credits",
        "For a busy week.",
        500 * CREDIT,
        {"EUR": 2000, "USD": 2200},
    ),
    PackDeclaration(
        "credits_2500",
        "2,500 credits",
        "A tenth cheaper each.",
        2500 * CREDIT,
        {"EUR": 9000, "USD": 9900},
    ),
    PackDeclaration(
        "credits_10000",
        "10,000 credits",
        "A fifth cheaper each, and good for two years.",
        10_000 * CREDIT,
        {"EUR": 32_000, "USD": 35_200},
        valid_days=730,
    ),
)
