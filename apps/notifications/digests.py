"""Several notifications in one mail: the one that waits for each member and channel is open for more."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from apps.common.ids import uuid7
from apps.common.notifying import Channel

# The last line leaves the row as it is, but locks it and tells its id.
_OPEN = """
INSERT INTO notifications_digest (id, created_at, updated_at, member_id, channel, state, due_at,
    attempts, provider, provider_key, error)
SELECT one.id, now(), now(), one.member_id, %(channel)s, 'pending', one.due_at, 0, '', '', ''
FROM unnest(%(ids)s::uuid[], %(members)s::uuid[], %(due)s::timestamptz[]) AS one (id, member_id, due_at)
ORDER BY one.member_id
ON CONFLICT (member_id, channel) WHERE state = 'pending' AND attempts = 0
DO UPDATE SET updated_at = excluded.updated_at
RETURNING member_id, id
"""


def digests_open(
    channel: Channel, due_at: Mapping[uuid.UUID, datetime]
) -> dict[uuid.UUID, uuid.UUID]:
    """The id of each member's open digest, a new one where there is none. One statement, for any number.

    due_at: of a new one, by the member's id. Locks them, in the order of the members, until the end of the
    transaction: what is merged into one is in it when a worker takes it. One that is taken meanwhile is
    closed, and there is a new one.
    """
    if not due_at:
        return {}
    members = sorted(due_at)
    values = {
        "channel": channel.value,
        "ids": [uuid7() for _ in members],
        "members": members,
        "due": [due_at[one] for one in members],
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, values)
        return dict(cursor.fetchall())
