"""Push messages: to browsers by their own push services, to apps by Google and Apple."""

from config.settings.environment import env

# The platform's key for browsers (RFC 8292), as `manage.py push keys` prints it; without it none is offered.
WEB_PUSH_PRIVATE_KEY = env("WEB_PUSH_PRIVATE_KEY", default="")
# Where push services write to about it: mailto: or https:. Empty: SUPPORT_EMAIL.
WEB_PUSH_CONTACT = env("WEB_PUSH_CONTACT", default="")
# host:port of push services at internal addresses. The sandbox's only: a check refuses others.
PUSH_INTERNAL_HOSTS: list[str] = []

# A service account of Firebase, as JSON. Without it there is no push to Android.
FCM_CREDENTIALS = env("FCM_CREDENTIALS", default="")
FCM_API_URL = env("FCM_API_URL", default="https://fcm.googleapis.com").rstrip("/")

# A key of Apple's for APNs (.p8, PEM), its id, the team's, and the app's bundle id. Without it none to iOS.
APNS_KEY = env.str("APNS_KEY", default="", multiline=True)
APNS_KEY_ID = env("APNS_KEY_ID", default="")
APNS_TEAM_ID = env("APNS_TEAM_ID", default="")
APNS_TOPIC = env("APNS_TOPIC", default="")
APNS_API_URL = env("APNS_API_URL", default="https://api.push.apple.com").rstrip("/")
