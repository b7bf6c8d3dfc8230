"""The stand-ins' accounts, published with the sandbox. config/settings/local.py has the platform's halves."""

from cryptography.hazmat.primitives.asymmetric import ec

SENDGRID_KEY = "SG.sandbox"
MAILGUN_KEY = "key-sandbox"
MAILGUN_DOMAIN = "mg.sandbox.test"
MAILGUN_SIGNING_KEY = "sandbox-signing-key"
TWILIO_SID = "AC" + "5a" * 16
TWILIO_TOKEN = "sandbox-token"  # noqa: S105 - published, of the sandbox


def sendgrid_signing_key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0x5A4D424F58, ec.SECP256R1())
