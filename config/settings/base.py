"""Settings that every environment shares. What differs is read from the environment (`.env.example`)."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from environ.fileaware_mapping import FileAwareMapping

from config.settings.api import SPECTACULAR_SETTINGS  # noqa: F401 - the OpenAPI document
from config.settings.console import UNFOLD  # noqa: F401 - the theme of /console/

BASE_DIR = Path(__file__).resolve().parents[2]


class Variables(FileAwareMapping):
    """NAME, or the file that NAME_FILE names, without the line end that editors leave in files."""

    def __getitem__(self, key: str) -> str:
        return str(super().__getitem__(key)).rstrip("\r\n")


env = environ.FileAwareEnv()
env.ENVIRON = Variables()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

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

# --- Applications: S lives in the public schema, T in each tenant's ------------------------------
SHARED_APPS = [
    "apps.common",
    "apps.events",
    "apps.tenants",  # before django_tenants: its `migrate` is ours
    "apps.accounts",
    "apps.console",
    "apps.portal",
    "apps.api",
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
]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

MIDDLEWARE = [
    "apps.common.middleware.RequestLogMiddleware",
    "apps.common.health.HealthMiddleware",
    "apps.common.middleware.BadInputMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "apps.tenants.middleware.OwnDomainHstsMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.tenants.middleware.TenantMiddleware",
    "apps.accounts.middleware.TokenTenantMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.accounts.middleware.HostSessionMiddleware",
    "apps.console.middleware.ConsoleConnectionMiddleware",
    "apps.portal.middleware.PersonTimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
# Two logins: the app's owns nothing and is held by row-level security; the system's owns the tables.
DATABASE_URL = env("DATABASE_URL", default="")
DATABASE_SYSTEM_URL = env("DATABASE_SYSTEM_URL", default="")
# With one login for both, the role that it takes when it speaks as the app.
DATABASE_APP_ROLE = ""


def databases(app_url: str, system_url: str) -> dict[str, dict[str, object]]:
    """DATABASES for two logins, or for one where `system_url` is empty."""
    logins = {"default": postgres(app_url)}
    return {**logins, "system": postgres(system_url)} if system_url else logins


def postgres(url: str) -> dict[str, object]:
    """A DATABASES entry for our backend, which sets the tenant's context or raises."""
    return {
        **environ.Env.db_url_config(url),
        "ENGINE": "apps.tenants.backend",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 5, "application_name": "wrapper"},
    }


ORIGINAL_BACKEND = "django.db.backends.postgresql"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL = "tenants.Tenant"
TENANT_DOMAIN_MODEL = "tenants.Domain"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: cache, sessions, broker ---------------------------------------------------------------
REDIS_URL = env("REDIS_URL", default="")


def caches(url: str) -> dict[str, dict[str, object]]:
    """Two aliases on one server, told apart by prefix so that Redis Cluster (database 0 only) fits."""
    options = {"socket_timeout": 2, "socket_connect_timeout": 2}
    backend = "django.core.cache.backends.redis.RedisCache"
    return {
        "default": {
            "BACKEND": backend,
            "LOCATION": url,
            "KEY_FUNCTION": "apps.common.cache.make_key",
            "OPTIONS": options,
        },
        # Keys that belong to no tenant: sessions, sign-in limits, one-time tickets.
        "global": {
            "BACKEND": backend,
            "LOCATION": url,
            "KEY_PREFIX": "global",
            "OPTIONS": options,
        },
    }


SESSION_ENGINE = "apps.accounts.sessions"
SESSION_CACHE_ALIAS = "global"
SESSION_COOKIE_NAME = "session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "apps.portal.views.errors.csrf_failure"

# --- Celery: late acknowledgement and rejection together lose no task when a worker is killed -----
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default=REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "global_keyprefix": "celery:",
    "socket_timeout": 5,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 570
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "tenants-resume-provisioning": {
        "task": "tenants.resume_provisioning",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "tenants-purge-due": {
        "task": "tenants.purge_due",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # Each verified domain once a day; what is due is looked for each hour.
    "tenants-recheck-domains": {
        "task": "tenants.recheck_domains",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "accounts-prune-tokens": {
        "task": "accounts.prune_tokens",
        "schedule": 3600.0,
        "options": {"expires": 3600},
    },
    "events-prune": {"task": "events.prune", "schedule": 3600.0, "options": {"expires": 3600}},
}

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
]
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

ACCESS_TOKEN_LIFETIME_S = 600
REFRESH_TOKEN_LIFETIME_S = 30 * 24 * 3600
INVITATION_LIFETIME_S = 7 * 24 * 3600
TENANT_DELETE_GRACE_DAYS = env.int("TENANT_DELETE_GRACE_DAYS", default=30)

# --- Language, time, files ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT: Path | None = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_MAX_AGE = 3600

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- E-mail ----------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"Wrapper <no-reply@{BASE_DOMAIN}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
SUPPORT_EMAIL = env("SUPPORT_EMAIL", default=f"support@{BASE_DOMAIN}")
EMAIL_TIMEOUT = 10

# --- Security headers --------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        # Sign-in posts on the public host and ends on a tenant's: browsers check the whole chain.
        "form-action": [
            "'self'",
            PUBLIC_URL,
            TENANT_ORIGINS,
        ],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# --- API -----------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.api.authentication.BearerAuthentication",
        "apps.accounts.api.authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
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

# --- Logs: one JSON object a line, ECS fields --------------------------------------------------------
LOG_LEVEL = env("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"ecs": {"()": "apps.common.logs.ecs_formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "ecs"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {"django.server": {"level": "WARNING"}, "django_structlog": {"level": LOG_LEVEL}},
}
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_USER_ID_FIELD = None
