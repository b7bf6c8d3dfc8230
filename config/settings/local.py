"""Development and the demo: embedded servers where no address is set, the sandbox for third parties."""

from apps.common import embedded
from config.settings.base import *
from config.settings.base import SHARED_APPS, TENANT_APPS, caches, env, postgres

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="local-only-" + "0" * 50)

DATABASE_URL = env("DATABASE_URL", default="") or embedded.ensure_postgres()
REDIS_URL = env("REDIS_URL", default="") or embedded.ensure_valkey()
DATABASES = {"default": postgres(DATABASE_URL)}
CACHES = caches(REDIS_URL)
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default=REDIS_URL)

SHARED_APPS = [*SHARED_APPS, "apps.sandbox"]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

# Assets are served from where they are made, without collectstatic.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0
STATIC_ROOT = None

# The sandbox's inbox takes all mail; /sandbox/inbox/ shows it.
SANDBOX = True
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = env.int("SANDBOX_SMTP_PORT", default=1025)
