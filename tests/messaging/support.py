"""What the tests of messaging share."""

import base64

from cryptography.hazmat.primitives import serialization

from apps.sandbox.messaging import keys

MAILGUN = "mailgun"
# Of a port that refuses connections.
NOBODY = "http://127.0.0.1:9/v3"
SENDGRID = base64.b64encode(
    keys.sendgrid_signing_key()
    .public_key()
    .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
).decode()
