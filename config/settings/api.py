"""Settings of the REST API and of the document that describes it."""

from config.settings.environment import env

# Where a plan says nothing: so many a caller may send in 15 minutes, and a workspace times as many.
API_REQUESTS_PER_15_MINUTES = env.int("API_REQUESTS_PER_15_MINUTES", default=800)
API_WORKSPACE_FACTOR = env.int("API_WORKSPACE_FACTOR", default=10)
# From one address, of all who do not show who they are.
API_REQUESTS_PER_15_MINUTES_BY_ADDRESS = env.int(
    "API_REQUESTS_PER_15_MINUTES_BY_ADDRESS", default=300
)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # Before the bearer's: it takes what begins with `sk_`, and leaves the rest.
        "apps.roles.api.authentication.ApiKeyAuthentication",
        "apps.accounts.api.authentication.BearerAuthentication",
        "apps.accounts.api.authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["apps.common.api.permissions.IsPerson"],
    "DEFAULT_RENDERER_CLASSES": ["apps.common.api.renderers.ORJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.common.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "apps.common.api.pagination.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": [],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "apps.common.api.schema.AutoSchema",
    "EXCEPTION_HANDLER": "apps.common.api.errors.exception_handler",
    "PAGE_SIZE": 50,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Wrapper Platform API",
    "DESCRIPTION": (
        "Tenancy, identity, organizations and roles for products built on the platform.\n\n"
        "**Workspace.** Send requests to the workspace's own host, or name it with the header "
        "`X-Tenant: <slug>`. **Lists** are `{next, previous, results}`: follow `next` until it is null. "
        "**Errors** are `application/problem+json`: programs read `code`, people `detail`; "
        "`request_id` finds the request in our log. **Times** are RFC 3339 in UTC, ids are UUIDs. "
        "**Limits**: each answer says by `RateLimit` headers what is left; 429 has `Retry-After`."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "TAGS": [
        {"name": "auth", "description": "Sign up, sign in, tokens and sign-ins."},
        {"name": "me", "description": "The signed-in person."},
        {"name": "tenants", "description": "Workspaces: asking for one and watching it come."},
        {"name": "tenant", "description": "The current workspace."},
        {"name": "organizations", "description": "The tree of divisions, branches and teams."},
        {"name": "members", "description": "People in the workspace."},
        {"name": "invitations", "description": "How people come in."},
        {"name": "permissions", "description": "What can be allowed."},
        {"name": "join-requests", "description": "People who ask to join the workspace."},
        {"name": "roles", "description": "Named sets of permissions."},
        {"name": "role-bindings", "description": "Who holds which role where."},
        {"name": "scim-tokens", "description": "With which identity providers keep members."},
        {"name": "groups", "description": "Groups that an identity provider keeps."},
        {"name": "api-keys", "description": "How programs come in."},
        {"name": "billing", "description": "Plans, and what they include."},
        {
            "name": "credits",
            "description": "Credits: what there is, what is used, and buying more.",
        },
        {"name": "notifications", "description": "What you are told of."},
        {"name": "realtime", "description": "Live updates over WebSocket."},
        {"name": "onboarding", "description": "Checklists: what is to be done, and what is done."},
        {"name": "surveys", "description": "Asking people how they like it."},
        {"name": "access", "description": "Why somebody may or may not do something."},
    ],
    "APPEND_COMPONENTS": {
        "headers": {
            "RateLimit-Limit": {
                "description": "Of the limit that is nearest: requests in its window.",
                "schema": {"type": "integer", "examples": [800]},
            },
            "RateLimit-Remaining": {
                "description": "Of that limit: requests that are let through at once.",
                "schema": {"type": "integer", "examples": [799]},
            },
            "RateLimit-Reset": {
                "description": "Of that limit: seconds until all of it is free again.",
                "schema": {"type": "integer", "examples": [2]},
            },
            "RateLimit-Policy": {
                "description": "All limits that count this request: how many (`q`) in so many seconds (`w`).",
                "schema": {
                    "type": "string",
                    "examples": ['"caller";q=800;w=900, "workspace";q=8000;w=900'],
                },
            },
            "RateLimit": {
                "description": "The limit that is nearest: what remains (`r`), seconds to its reset (`t`).",
                "schema": {"type": "string", "examples": ['"caller";r=799;t=2']},
            },
            "Retry-After": {
                "description": "Seconds after which the request is let through.",
                "schema": {"type": "integer", "examples": [12]},
            },
        },
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "TenantStatus": "apps.tenants.enums.TenantStatus",
        "ExportStatus": "apps.tenants.enums.ExportStatus",
        "MemberStatus": "apps.organizations.enums.MemberStatus",
        "SettableMemberStatus": "apps.organizations.api.v1.serializers.ACTIVE_STATUSES",
        "BindingState": "apps.organizations.enums.BindingState",
        "InvitationStatus": "apps.organizations.enums.InvitationStatus",
        "ApiKeyState": "apps.roles.enums.ApiKeyState",
        "JoinRequestStatus": "apps.organizations.enums.JoinRequestStatus",
        "DomainCheck": "apps.tenants.enums.DomainCheck",
        "JoinMode": "apps.accounts.enums.JoinMode",
        "EntitlementKind": "apps.common.entitlements.KINDS",
        # Named before there were others of that name.
        "PeriodEnum": "apps.common.entitlements.PERIODS",
        "ProviderState": "apps.accounts.enums.ProviderState",
        "CreditAccountKind": "apps.credits.api.v1.serializers.ACCOUNT_KINDS",
        "CreditTransactionKind": "apps.credits.enums.TransactionKind",
        "CreditGrantState": "apps.credits.enums.GrantState",
        "CreditHoldState": "apps.credits.enums.HoldState",
        "BudgetPeriod": "apps.credits.enums.BudgetPeriod",
        "OnboardingAudience": "apps.onboarding.enums.Audience",
        "OnboardingStepStatus": "apps.onboarding.enums.StepStatus",
        "SurveyKind": "apps.adoption.enums.SurveyKind",
        "CapPeriod": "apps.credits.enums.CapPeriod",
        "NotificationChannel": "apps.notifications.api.v1.serializers_choices.CHANNELS",
        "DeliveryChannel": "apps.notifications.enums.ChannelName",
        "DeliveryState": "apps.notifications.enums.DeliveryState",
        "DeliveryReason": "apps.notifications.enums.Reason",
        "DigestPeriod": "apps.notifications.enums.DigestPeriod",
        "PushDeviceKind": "apps.notifications.enums.DeviceKind",
    },
}
