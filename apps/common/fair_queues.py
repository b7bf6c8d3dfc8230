"""Celery's Redis transport with turns: within a queue, tenants are served one after another.

A message waits in a sorted set by its turn: one more than the last turn of its tenant, and no less than the
turn that is being served (start-time fair queueing, Goyal and others 1996). Ten thousand tasks of one tenant
take ten thousand turns; the first task of another comes in the next. Tasks without a tenant share by their
name. Beside it, the list that workers block on holds a token for each message: it wakes them, no more.

A message is taken and put among the unacknowledged in one script, so that a kill between the two, where
kombu's own transport forgets it, loses nothing. Keys of queue q: q (tokens), q:turns, q:clocks.
"""

from queue import Empty
from time import time
from typing import Any

from celery.signals import before_task_publish
from kombu.transport import redis as kombu_redis
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import dumps, loads

redis: Any = kombu_redis  # the stubs lack most of what is overridden here

# Of the message: whose turn it takes.
SHARE_HEADER = "wrapper_share"
TOKEN = "0"  # noqa: S105 - no secret
# KEYS: tokens, turns, clocks. ARGV: message, whose, "1" to be served next.
PUT = """
local now = tonumber(redis.call('HGET', KEYS[3], 'now') or '0')
local turn = now
if ARGV[3] ~= '1' then
  turn = math.max(now, tonumber(redis.call('HGET', KEYS[3], 'of:' .. ARGV[2]) or '0')) + 1
  redis.call('HSET', KEYS[3], 'of:' .. ARGV[2], turn)
end
redis.call('ZADD', KEYS[2], turn, ARGV[1])
redis.call('LPUSH', KEYS[1], '0')
"""
# KEYS: turns, clocks, unacknowledged, their index. ARGV: the time. The entry is as QoS.append makes it.
TAKE = """
local taken = redis.call('ZPOPMIN', KEYS[1])
if #taken == 0 then return false end
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[2], 'now', taken[2])
else
  redis.call('DEL', KEYS[2])
end
local properties = cjson.decode(taken[1])['properties']
local info = properties['delivery_info']
local entry = '[' .. taken[1] .. ',' .. cjson.encode(info['exchange']) .. ','
  .. cjson.encode(info['routing_key']) .. ']'
redis.call('HSET', KEYS[3], properties['delivery_tag'], entry)
redis.call('ZADD', KEYS[4], ARGV[1], properties['delivery_tag'])
return taken[1]
"""


@before_task_publish.connect(weak=False)
def share_name(
    sender: str, headers: dict[str, Any], body: tuple[Any, dict[str, Any], Any], **_rest: Any
) -> None:
    """Note in the message whose turn it takes: its tenant's, else that of all tasks of its name."""
    headers[SHARE_HEADER] = str(body[1].get("tenant_id") or sender)


class Channel(redis.Channel):
    """fair_queues: names of the queues with turns; others, as of remote control, are kombu's."""

    fair_queues: tuple[str, ...] = ()
    supports_batch_publish = False
    from_transport_options = (*redis.Channel.from_transport_options, "fair_queues")

    def take(self, queue: str) -> Any:
        """The message whose turn it is, unacknowledged from now on; None if none waits."""
        keys = (*self._keys(queue)[1:], *map(self._key, (self.unacked_key, self.unacked_index_key)))
        with self.conn_or_acquire() as client:
            found = client.execute_command("EVAL", TAKE, 4, *keys, time())
        return loads(bytes_to_str(found)) if found else None

    def _put(self, queue: str, message: dict[str, Any], **kwargs: Any) -> None:
        if queue not in self.fair_queues:
            super()._put(queue, message, **kwargs)
            return
        with self.conn_or_acquire() as client:
            self._eval_put(client, queue, message, is_next=False)

    def _eval_put(self, client: Any, queue: str, message: dict[str, Any], *, is_next: bool) -> None:
        share = (message.get("headers") or {}).get(SHARE_HEADER, "")
        arguments = (dumps(message), share, "1" if is_next else "0")
        client.execute_command("EVAL", PUT, 3, *self._keys(queue), *arguments)

    def _get(self, queue: str) -> Any:
        if queue not in self.fair_queues:
            return super()._get(queue)
        with self.conn_or_acquire() as client:
            client.rpop(queue)
        message = self.take(queue)
        if message is None:
            raise Empty
        return message

    def _brpop_read(self, **options: Any) -> Any:
        """Each second without a token: look for messages whose tokens died with a worker."""
        try:
            return super()._brpop_read(**options)
        except Empty:
            for queue in self.active_queues:
                message = self.take(queue) if queue in self.fair_queues else None
                if message is not None:
                    self.connection._deliver(message, queue)
                    return True
            raise

    def _do_restore_message(
        self, payload: Any, exchange: str, routing_key: str, pipe: Any, leftmost: bool = False
    ) -> None:
        """What was begun comes next. Within the transaction that takes it from the unacknowledged."""
        for queue in self._lookup(exchange, routing_key):
            if queue not in self.fair_queues:
                super()._do_restore_message(payload, exchange, routing_key, pipe, leftmost)
                return
            payload["headers"]["redelivered"] = True
            payload["properties"]["delivery_info"]["redelivered"] = True
            self._eval_put(pipe, queue, payload, is_next=True)

    def _size(self, queue: str) -> int:
        if queue not in self.fair_queues:
            return int(super()._size(queue))
        with self.conn_or_acquire() as client:
            return int(client.execute_command("ZCARD", self._keys(queue)[1]))

    def _purge(self, queue: str) -> int:
        count = self._size(queue)
        super()._purge(queue)
        if queue in self.fair_queues:
            with self.conn_or_acquire() as client:
                client.delete(*(f"{queue}:{name}" for name in ("turns", "clocks")))
        return count

    def _keys(self, queue: str) -> tuple[str, str, str]:
        return self._key(queue), self._key(f"{queue}:turns"), self._key(f"{queue}:clocks")

    def _key(self, name: str) -> str:
        """As in Redis. kombu's client prefixes the keys of some commands only, not of EVAL and ZCARD."""
        return f"{self.global_keyprefix}{name}"


class Transport(redis.Transport):
    Channel = Channel
    supports_batch_publish = False

    def _deliver(self, message: Any, queue: str) -> None:
        """A token stands for whichever message has its turn."""
        if str(message) == TOKEN:
            consuming = [one for one in self.channels if queue in one.active_queues]
            message = consuming[0].take(queue) if consuming else None
            if message is None:
                return
        super()._deliver(message, queue)
