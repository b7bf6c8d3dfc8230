"""Development and the demo: embedded servers where no address is set, the sandbox for third parties."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from apps.common import embedded
from apps.common.demo_session import sandbox_dns_port
from apps.sandbox.push import keys
from config.settings.base import *
from config.settings.base import (
    ANYMAIL,
    APNS_KEY,
    DNS_RESOLVERS,
    EMAIL_FALLBACK_PROVIDER,
    FCM_CREDENTIALS,
    OIDC_CLIENT_ID,
    OIDC_CLIENT_SECRET,
    OIDC_DISCOVERY_URL,
    PUBLIC_URL,
    SECURITY_TXT_EXPIRES,
    SHARED_APPS,
    STRIPE_SECRET_KEY,
    TENANT_APPS,
    TWILIO_ACCOUNT_SID,
    WEB_PUSH_PRIVATE_KEY,
)
from config.settings.environment import env
from config.settings.social import SOCIALACCOUNT_PROVIDERS, social_providers
from config.settings.stores import DATABASE_SYSTEM_URL, DATABASE_URL, caches, databases

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="local-only-" + "0" * 50)

if not DATABASE_URL:
    DATABASE_SYSTEM_URL = embedded.ensure_postgres()
    DATABASE_URL = embedded.app_login(DATABASE_SYSTEM_URL)
elif not DATABASE_SYSTEM_URL:
    DATABASE_APP_ROLE = "wrapper_app"
REDIS_URL = env("REDIS_URL", default="") or embedded.ensure_valkey()
DATABASES = databases(DATABASE_URL, DATABASE_SYSTEM_URL)
CACHES = caches(REDIS_URL)
CELERY_BROKER_URL = env("CELERY_BROKER_URL", default=REDIS_URL)

SHARED_APPS = [*SHARED_APPS, "apps.sandbox"]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

# Assets are served from where they are made, without collectstatic.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0
STATIC_ROOT = None

FILES_ROOT = env("FILES_ROOT", default=str(embedded.state_folder() / "files"))

# Each start of the demo is good for a while.
SECURITY_TXT_EXPIRES = (
    SECURITY_TXT_EXPIRES or f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}"
)

# The sandbox's inbox takes all mail; /sandbox/inbox/ shows it.
SANDBOX = True
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = env.int("SANDBOX_SMTP_PORT", default=1025)

# ... its list of stolen passwords stands in for the world's,
BREACHED_PASSWORDS_URL = env(
    "BREACHED_PASSWORDS_URL", default=f"{PUBLIC_URL}/sandbox/pwned-passwords/range"
)

# ... its Google and GitHub have people to choose from, unless there are clients of the real ones,
SOCIALACCOUNT_PROVIDERS = SOCIALACCOUNT_PROVIDERS or social_providers(
    google=("sandbox-google", "sandbox-secret"),
    github=("sandbox-github", "sandbox-secret"),
    google_url=f"{PUBLIC_URL}/sandbox/google",
    github_url=f"{PUBLIC_URL}/sandbox/github",
)

# ... and its DNS server answers for all domains; /sandbox/dns/ has its records.
SANDBOX_DNS_PORT = env.int("SANDBOX_DNS_PORT", default=sandbox_dns_port())
DNS_RESOLVERS = DNS_RESOLVERS or [f"127.0.0.1:{SANDBOX_DNS_PORT}"]

# ... its Stripe is at /sandbox/stripe/ unless there is a key of a real test account,
if not STRIPE_SECRET_KEY:
    STRIPE_SECRET_KEY = "sk_test_sandboxWrapperPlatform"  # noqa: S105 - published, of the sandbox
    STRIPE_API_BASE = f"{PUBLIC_URL}/sandbox/stripe"
    STRIPE_WEBHOOK_SECRETS = ["whsec_sandboxWrapperPlatform"]

# ... its push services are at /sandbox/push/, for browsers and phones that it makes there; those of real
# browsers are asked, too, with a key that everybody knows,
PUSH_INTERNAL_HOSTS = [urlsplit(PUBLIC_URL).netloc]
WEB_PUSH_PRIVATE_KEY = WEB_PUSH_PRIVATE_KEY or keys.vapid_private_key()
if not FCM_CREDENTIALS:
    FCM_CREDENTIALS = keys.service_account(f"{PUBLIC_URL}/sandbox")
    FCM_API_URL = f"{PUBLIC_URL}/sandbox/push/fcm"
if not APNS_KEY:
    APNS_KEY, APNS_KEY_ID = keys.apns_pem(), keys.APNS_KEY_ID
    APNS_TEAM_ID, APNS_TOPIC = keys.APNS_TEAM_ID, keys.APNS_TOPIC
    APNS_API_URL = f"{PUBLIC_URL}/sandbox/push/apns"

# ... and its OpenID providers are at /sandbox/oidc/; the first is the platform's.
OIDC_INTERNAL_HOSTS = WEBHOOK_INTERNAL_HOSTS = [urlsplit(PUBLIC_URL).netloc]
if not OIDC_DISCOVERY_URL:
    OIDC_DISCOVERY_URL = f"{PUBLIC_URL}/sandbox/oidc/kinde/.well-known/openid-configuration"
    OIDC_CLIENT_ID, OIDC_CLIENT_SECRET = "wrapper-kinde", "sandbox-client-secret"
    OIDC_NAME = "Kinde (sandbox)"
    OIDC_API_AUDIENCE = "https://api.wrapper.test"

# ... its Mailgun steps in where that SMTP server is away; it and the sandbox's SendGrid and Twilio stand for
# those that have no key here. What they do is switched at /sandbox/senders/.
EMAIL_FALLBACK_PROVIDER = EMAIL_FALLBACK_PROVIDER or "mailgun"
if not ANYMAIL["MAILGUN_API_KEY"]:
    ANYMAIL |= {
        "MAILGUN_API_KEY": "key-sandbox",
        "MAILGUN_API_URL": f"{PUBLIC_URL}/sandbox/mailgun/v3",
        "MAILGUN_SENDER_DOMAIN": "mg.sandbox.test",
        "MAILGUN_WEBHOOK_SIGNING_KEY": "sandbox-signing-key",
    }
if not ANYMAIL["SENDGRID_API_KEY"]:
    ANYMAIL |= {
        "SENDGRID_API_KEY": "SG.sandbox",
        "SENDGRID_API_URL": f"{PUBLIC_URL}/sandbox/sendgrid/v3",
        "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": (
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAErXqiNheWUw4OtjWLq5H0YKezTMQzand5CGP7NC6e16yA"
            "XA852u6dUJB1Uwzt8bD+4oPafPC7Ah8vhZsGWHlJaw=="
        ),
    }
if not TWILIO_ACCOUNT_SID:
    TWILIO_ACCOUNT_SID = "AC" + "5a" * 16
    TWILIO_AUTH_TOKEN = "sandbox-token"  # noqa: S105 - published, of the sandbox
    TWILIO_SENDER = "+15005550006"
    TWILIO_API_URL = f"{PUBLIC_URL}/sandbox/twilio"
