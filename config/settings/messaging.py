"""E-mail and SMS: by whom they are sent, and what proves that a webhook comes from there."""

from config.settings.environment import env

# Every mail goes by apps.messaging, which goes by these; the second steps in where the first is away.
EMAIL_BACKEND = "apps.messaging.backend.EmailBackend"
EMAIL_PROVIDER = env("EMAIL_PROVIDER", default="smtp")
EMAIL_FALLBACK_PROVIDER = env("EMAIL_FALLBACK_PROVIDER", default="")
# What the provider `smtp` is.
EMAIL_SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
# Of each step with a mail server, in seconds.
EMAIL_TIMEOUT = 10

ANYMAIL = {
    "SENDGRID_API_KEY": env("SENDGRID_API_KEY", default=""),
    "SENDGRID_API_URL": env("SENDGRID_API_URL", default="https://api.sendgrid.com/v3").rstrip("/"),
    # The public half of the key that SendGrid signs with, without PEM's first and last line.
    "SENDGRID_TRACKING_WEBHOOK_VERIFICATION_KEY": env("SENDGRID_WEBHOOK_PUBLIC_KEY", default=""),
    "MAILGUN_API_KEY": env("MAILGUN_API_KEY", default=""),
    "MAILGUN_API_URL": env("MAILGUN_API_URL", default="https://api.mailgun.net/v3").rstrip("/"),
    "MAILGUN_SENDER_DOMAIN": env("MAILGUN_DOMAIN", default=""),
    "MAILGUN_WEBHOOK_SIGNING_KEY": env("MAILGUN_WEBHOOK_KEY", default=""),
    # user:password pairs that webhooks of e-mail have to bring besides, where there are any.
    "WEBHOOK_SECRET": env.list("EMAIL_WEBHOOK_SECRET", default=[]),
}

# Without an account there is no SMS.
TWILIO_ACCOUNT_SID = env("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env("TWILIO_AUTH_TOKEN", default="")
TWILIO_SENDER = env("TWILIO_SENDER", default="")
TWILIO_API_URL = env("TWILIO_API_URL", default="https://api.twilio.com").rstrip("/")
