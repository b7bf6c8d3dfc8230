"""Tests: real PostgreSQL and Valkey of their own, fast hashing, tasks in-process."""

import os

from apps.common import embedded
from config.settings.base import *
from config.settings.base import SHARED_APPS, STORAGES, TENANT_APPS
from config.settings.environment import env
from config.settings.social import social_providers
from config.settings.stores import caches, databases

SECRET_KEY = "test-only-" + "0" * 50
PUBLIC_URL = "http://localhost:8000"

DATABASE_URL = env("DATABASE_URL", default="") or embedded.ensure_postgres(profile="test")
# Each parallel worker empties a database of its own.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_redis = env("REDIS_URL", default="") or embedded.ensure_valkey(profile="test")
REDIS_URL = f"{_redis.removesuffix('/0')}/{_worker + 1}"
DATABASES = databases(DATABASE_URL, "")
# One login, so that a test's transaction holds both sides; it takes the app's role for requests.
DATABASE_APP_ROLE = "wrapper_app"
CACHES = caches(REDIS_URL)
CELERY_BROKER_URL = REDIS_URL
# Transactions that are rolled back invalidate nothing; tests of caches switch them on.
CACHE_READS = False

# No test is slowed down by those before it; tests of limits set their own.
API_REQUESTS_PER_15_MINUTES = API_REQUESTS_PER_15_MINUTES_BY_ADDRESS = 100_000

SHARED_APPS = [*SHARED_APPS, "apps.sandbox"]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]
SANDBOX = True
BREACHED_PASSWORDS_URL = ""
# Nobody is there: tests that talk to a Stripe start one and put its address here.
STRIPE_SECRET_KEY = "sk_test_" + "0" * 24
STRIPE_API_BASE = env("STRIPE_API_BASE", default="http://127.0.0.1:9")
STRIPE_WEBHOOK_SECRETS = ["whsec_tests"]
SOCIALACCOUNT_PROVIDERS = social_providers()
# Nothing outside is ever asked: tests/conftest.py starts a server and puts its port here.
DNS_RESOLVERS = ["127.0.0.1:9"]
SANDBOX_DNS_PORT = 1053
OUTBOUND_RESOLVERS = DNS_RESOLVERS
OIDC_DISCOVERY_URL = ""
# Nothing is collected for tests.
STATIC_ROOT = None
# Also for what goes by a provider by name.
EMAIL_BACKEND = EMAIL_SMTP_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
LOG_LEVEL = "WARNING"
