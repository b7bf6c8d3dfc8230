"""The link in an invitation: tenant, invitation and nonce, signed and not stored anywhere."""

import uuid

from django.core import signing

from apps.common.errors import NotFound
from apps.common.urls import public_url

SALT = "organizations.invitation"


def token_make(tenant_id: uuid.UUID, invitation_id: uuid.UUID, nonce: uuid.UUID) -> str:
    return signing.dumps([tenant_id.hex, invitation_id.hex, nonce.hex], salt=SALT)


def token_read(token: str) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """(tenant id, invitation id, nonce). Raises NotFound for what we did not sign."""
    try:
        tenant_id, invitation_id, nonce = signing.loads(token, salt=SALT)
    except signing.BadSignature as error:
        raise NotFound(
            "This invitation link is not complete. Copy it whole from the e-mail."
        ) from error
    return uuid.UUID(tenant_id), uuid.UUID(invitation_id), uuid.UUID(nonce)


def token_url(token: str) -> str:
    return public_url(f"/invitations/accept/?token={token}")
