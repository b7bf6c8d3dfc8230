import structlog
from django.db import transaction
from django.utils import timezone

from apps.trail.chains import Chain
from apps.trail.models import Checkpoint
from apps.trail.signing import sign
from apps.trail.verifying import checkpoint_message

log = structlog.get_logger(__name__)


def checkpoint_make(chain: Chain) -> Checkpoint | None:
    """Sign the head of the chain, unless that is done; None where there is nothing to sign.

    Also written to the log, which is kept elsewhere: who removes entries and checkpoints from the database
    does not remove it from there.
    """
    with chain.as_system(), transaction.atomic():
        head = chain.model._default_manager.order_by("-seq").values_list("seq", "hash").first()
        if head is None:
            return None
        seq, digest = head[0], bytes(head[1])
        now = timezone.now()
        key, signature = sign(checkpoint_message(chain.id, seq, digest, now))
        made, is_new = Checkpoint.objects.get_or_create(
            tenant_id=chain.tenant_id,
            seq=seq,
            defaults={"hash": digest, "signed_at": now, "key_id": key, "signature": signature},
        )
    if not is_new:
        return None
    log.info("audit.checkpoint", chain=chain.id, seq=seq, hash=digest.hex(), key=key)
    return made
