"""Settings that every environment shares. What differs is read from the environment (`.env.example`)."""

from pathlib import Path
from urllib.parse import urlsplit

from config.settings.api import *
from config.settings.console import UNFOLD  # noqa: F401 - the theme of /console/
from config.settings.environment import BASE_DIR, env
from config.settings.messaging import *
from config.settings.push import *
from config.settings.resilience import *
from config.settings.social import *
from config.settings.social import SOCIALACCOUNT_PROVIDERS, social_origins
from config.settings.stores import *
from config.settings.stripe import *
from config.settings.tasks import *

DEBUG = False
SECRET_KEY = env("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# --- Where the platform is reached -------------------------------------------------------------
BASE_DOMAIN = env("BASE_DOMAIN", default="localhost")
_default_url = "http://localhost:8000" if BASE_DOMAIN == "localhost" else f"https://{BASE_DOMAIN}"
PUBLIC_URL = env("PUBLIC_URL", default=_default_url).rstrip("/")
PUBLIC_HOSTS = [BASE_DOMAIN, *env.list("PUBLIC_HOSTS", default=[])]
# The tenant middleware answers 404 on every host that is neither public nor a tenant's: the database
# is the list, because tenants bring their own domains.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["*"])
_public = urlsplit(PUBLIC_URL)
TENANT_ORIGINS = f"{_public.scheme}://*.{BASE_DOMAIN}" + (
    f":{_public.port}" if _public.port else ""
)

# DNS servers that are asked for the proof of domains, as address or address:port; none: the system's.
DNS_RESOLVERS = env.list("DNS_RESOLVERS", default=[])
# ... and those that are asked where addresses lead that tenants name.
OUTBOUND_RESOLVERS = DNS_RESOLVERS

# --- Applications: S lives in the public schema, T in each tenant's ------------------------------
SHARED_APPS = [
    "apps.common",
    "apps.events",
    "apps.messaging",
    "apps.schedules",
    "apps.tenants",  # before django_tenants: its `migrate` is ours
    "apps.adoption",
    "apps.idempotency",
    "apps.accounts",
    "apps.trail",
    "apps.ledger",
    "djstripe",  # before apps.billing, which has the last word
    "apps.billing",
    "apps.console",
    "apps.portal",
    "apps.api",
    "apps.realtime",
    "django_tenants",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.google",
    "anymail",
    "csp",
    "django_cotton.apps.SimpleAppConfig",
    "django_htmx",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "lucide",
    "rest_framework",
]
TENANT_APPS = [
    "apps.roles",
    "apps.organizations",
    "apps.credits",
    "apps.audit",
    "apps.notifications",
    "apps.onboarding",
    "apps.feedback",
]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

MIDDLEWARE = [
    "apps.common.middleware.RequestLogMiddleware",
    "apps.common.security_headers.SecurityHeadersMiddleware",
    "apps.common.health.HealthMiddleware",
    "apps.common.middleware.BadInputMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.tenants.middleware.TenantMiddleware",
    "apps.accounts.middleware.TokenTenantMiddleware",
    "apps.roles.middleware.ApiKeyTenantMiddleware",
    "apps.tenants.cors.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.HostSessionMiddleware",
    "apps.console.middleware.ConsoleConnectionMiddleware",
    "apps.audit.middleware.RefusalMiddleware",
    "apps.portal.middleware.PersonTimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls_public"
PUBLIC_URLCONF = "config.urls_public"
TENANT_URLCONF = "config.urls_tenant"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.portal.context_processors.shell",
            ],
        },
    }
]
COTTON_DIR = "components"
# A component sees what it is given, not what the page around it happens to have.
COTTON_ISOLATE_BY_DEFAULT = True

# --- Database ------------------------------------------------------------------------------------
ORIGINAL_BACKEND = "django.db.backends.postgresql"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Sessions ------------------------------------------------------------------------------------
SESSION_ENGINE = "apps.accounts.sessions"
SESSION_CACHE_ALIAS = "global"
SESSION_COOKIE_NAME = "session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "apps.portal.views.errors.csrf_failure"

# --- People and sign-in ----------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "apps.accounts.breached_passwords.BreachedPasswordValidator"},
]
BREACHED_PASSWORDS_URL = env(
    "BREACHED_PASSWORDS_URL", default="https://api.pwnedpasswords.com/range"
)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "workspaces"
ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "apps.accounts.forms.SignupForm",
    "login": "apps.accounts.forms.LoginForm",
    "change_password": "apps.accounts.forms.ChangePasswordForm",
    "reset_password": "apps.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "apps.accounts.forms.ResetPasswordKeyForm",
    "reauthenticate": "apps.accounts.forms.ReauthenticateForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_HMAC = True
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True  # no check box: sessions last SESSION_COOKIE_AGE
# Seconds in which confirming the address in the browser that signed up also signs in.
ACCOUNT_LOGIN_TIMEOUT = 3600
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)

# The platform's own OpenID provider: none without these two.
OIDC_DISCOVERY_URL = env("OIDC_DISCOVERY_URL", default="")
OIDC_CLIENT_ID = env("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env("OIDC_CLIENT_SECRET", default="")
OIDC_NAME = env("OIDC_NAME", default="single sign-on")
OIDC_SCOPES = env("OIDC_SCOPES", default="openid email profile")
OIDC_ALGORITHMS = env.list("OIDC_ALGORITHMS", default=["RS256", "ES256"])
OIDC_SIGN_UP = env.bool("OIDC_SIGN_UP", default=True)
OIDC_API_AUDIENCE = env("OIDC_API_AUDIENCE", default="")
# host:port where tenants' providers may be at internal addresses. The sandbox's only: a check refuses others.
OIDC_INTERNAL_HOSTS: list[str] = []

MFA_ADAPTER = "apps.accounts.mfa_adapter.MfaAdapter"
MFA_FORMS = {
    "authenticate": "apps.accounts.mfa_forms.AuthenticateForm",
    "reauthenticate": "apps.accounts.mfa_forms.ReauthenticateForm",
    "authenticate_webauthn": "apps.accounts.mfa_forms.AuthenticateWebAuthnForm",
    "login_webauthn": "apps.accounts.mfa_forms.LoginWebAuthnForm",
    "reauthenticate_webauthn": "apps.accounts.mfa_forms.ReauthenticateWebAuthnForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Wrapper"
# There is nothing to guess in a passkey; this bounds work. Each sign-in is two requests.
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}
# Steps of 30 s before and after: clocks of phones are off, and people type slowly (RFC 6238, section 5.2).
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODE_COUNT = 10
MFA_RECOVERY_CODE_DIGITS = 10
# For so long after somebody proved who they are, nothing sensitive asks again.
STEP_UP_S = 600
STAFF_REQUIRE_MFA = env.bool("STAFF_REQUIRE_MFA", default=False)

ACCESS_TOKEN_LIFETIME_S = 600
# For so long a process works with the signing keys that it has read.
SIGNING_KEY_CACHE_S = 60
JWT_ROTATION_DAYS = env.int("JWT_ROTATION_DAYS", default=90)
REFRESH_TOKEN_LIFETIME_S = 30 * 24 * 3600
INVITATION_LIFETIME_S = 7 * 24 * 3600
# So many mails a workspace sends in a day to people whom it invites, whatever its plan.
INVITATIONS_PER_DAY = env.int("INVITATIONS_PER_DAY", default=2000)
TENANT_POOL_SIZE = env.int("TENANT_POOL_SIZE", default=0)
# Where no plan says otherwise (apps.audit.retention).
AUDIT_RETENTION_DAYS = env.int("AUDIT_RETENTION_DAYS", default=365)
# An adjustment of more than so much takes a second person of the staff: 10,000 credits.
CREDITS_SECOND_PERSON_ABOVE_MICROCREDITS = env.int(
    "CREDITS_SECOND_PERSON_ABOVE_MICROCREDITS", default=10_000_000_000
)
EXPORT_KEEP_DAYS = env.int("EXPORT_KEEP_DAYS", default=7)
TENANT_DELETE_GRACE_DAYS = env.int("TENANT_DELETE_GRACE_DAYS", default=30)

# --- Language, time, files ---------------------------------------------------------------------------
# Pages are in English; mails and notifications in the language of their reader (Language).
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "German")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT: Path | None = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_MAX_AGE = 3600

# Holds a folder for each tenant, shared by web and worker processes.
FILES_ROOT = env("FILES_ROOT", default=str(BASE_DIR / "files"))
STORAGES = {
    "default": {
        "BACKEND": "apps.common.files.TenantFiles",
        "OPTIONS": {"file_permissions_mode": 0o640, "directory_permissions_mode": 0o750},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Live updates: of each process of `manage.py realtime` ------------------------------------------
REALTIME_MAX_CONNECTIONS = env.int("REALTIME_MAX_CONNECTIONS", default=5000)
REALTIME_MAX_CONNECTIONS_PER_PERSON = env.int("REALTIME_MAX_CONNECTIONS_PER_PERSON", default=20)

# --- E-mail ----------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"Wrapper <no-reply@{BASE_DOMAIN}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
SUPPORT_EMAIL = env("SUPPORT_EMAIL", default=f"support@{BASE_DOMAIN}")

# --- Security headers --------------------------------------------------------------------------------
CSP_REPORTS_PATH = "/reports/csp/"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "worker-src": ["'self'"],
        # Sign-in posts on the public host and ends on a tenant's: browsers check the whole chain.
        "form-action": [
            "'self'",
            PUBLIC_URL,
            TENANT_ORIGINS,
            *social_origins(SOCIALACCOUNT_PROVIDERS),
        ],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
        # The policy that says which texts may become markup or scripts is in static/js/app.js.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["default"],
        # Browsers that know the first leave the second alone.
        "report-to": "csp",
        "report-uri": CSP_REPORTS_PATH,
    }
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^health/"]
X_FRAME_OPTIONS = "DENY"
# Django looks for its own middlewares by name; SecurityHeadersMiddleware stands for both.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002"]
# Of any request with its files; the API and each upload allow less.
REQUEST_MAX_BYTES = env.int("REQUEST_MAX_BYTES", default=8_388_608)
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
MESSAGE_STORAGE = "apps.common.cookies.MessageStorage"

# --- security.txt (RFC 9116): how people tell of holes ------------------------------------------------
SECURITY_CONTACTS = env.list("SECURITY_CONTACTS", default=[f"mailto:{SUPPORT_EMAIL}"])
# When what it says is no longer to be relied on; none: there is no security.txt.
SECURITY_TXT_EXPIRES = env("SECURITY_TXT_EXPIRES", default="")
SECURITY_POLICY_URL = env("SECURITY_POLICY_URL", default="")

# --- Logs: one JSON object a line, ECS fields --------------------------------------------------------
LOG_LEVEL = env("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"ecs": {"()": "apps.common.logs.ecs_formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ecs"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "django_structlog": {"level": LOG_LEVEL},
        # Each request and its parameters, below that.
        "stripe": {"level": "WARNING"},
        # Each connection; of those apps.realtime tells that matter.
        "websockets": {"level": "WARNING"},
    },
}
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_USER_ID_FIELD = None

# --- Notifications -------------------------------------------------------------------------------
# For so long a worker has a message that it sends: longer than any provider takes, with its retries.
NOTIFICATIONS_LEASE_S = 120
# host:port where workspaces' webhooks may be at internal addresses. The sandbox's only: a check refuses
# others.
WEBHOOK_INTERNAL_HOSTS: list[str] = []
# Countries (ISO 3166, such as DE) whose numbers get text messages; none: all. Each costs, and some cost much.
NOTIFICATIONS_SMS_COUNTRIES = env.list("NOTIFICATIONS_SMS_COUNTRIES", default=[])
# So many text messages a number gets in a day, whatever happens.
NOTIFICATIONS_SMS_PER_DAY = env.int("NOTIFICATIONS_SMS_PER_DAY", default=20)
