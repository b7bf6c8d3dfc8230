"""Production: nothing has a default that is not safe; what is missing stops the start."""

from django.core.exceptions import ImproperlyConfigured

from config.settings.base import *
from config.settings.base import STORAGES
from config.settings.environment import env
from config.settings.stores import caches, databases

SECRET_KEY = env("SECRET_KEY")
DATABASE_URL = env("DATABASE_URL")
REDIS_URL = env("REDIS_URL")
DATABASE_SYSTEM_URL = env("DATABASE_SYSTEM_URL")
if not (DATABASE_URL and DATABASE_SYSTEM_URL):
    raise ImproperlyConfigured(
        "DATABASE_URL and DATABASE_SYSTEM_URL are two logins; neither is empty."
    )
DATABASES = databases(DATABASE_URL, DATABASE_SYSTEM_URL)
CACHES = caches(REDIS_URL)
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default=REDIS_URL)

STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 31_536_000

STAFF_REQUIRE_MFA = env.bool("STAFF_REQUIRE_MFA", default=True)

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="smtp://localhost:25")
EMAIL_SMTP_BACKEND = EMAIL_CONFIG.pop("EMAIL_BACKEND")
vars().update(EMAIL_CONFIG)
