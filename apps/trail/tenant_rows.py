"""What vouches for a tenant's chain: leaves with its export, and goes with the tenant."""

from apps.tenants.exports.shared import SharedRows
from apps.tenants.purging import rows_step
from apps.trail.models import Checkpoint, Segment

SHARED_ROWS = (
    SharedRows(
        "audit_checkpoints",
        "SELECT seq, hash, signed_at, key_id, signature FROM public.trail_checkpoint "
        "WHERE tenant_id = %(tenant_id)s ORDER BY seq",
    ),
    SharedRows(
        "audit_segments",
        "SELECT first_seq, last_seq, prev_hash, last_hash, file, signed_at, key_id, signature "
        "FROM public.trail_segment WHERE tenant_id = %(tenant_id)s ORDER BY first_seq",
    ),
)
STEPS = (
    rows_step("audit_checkpoints", "Checkpoints of the audit log", 76, Checkpoint),
    rows_step("audit_segments", "Archives of the audit log", 77, Segment),
)
