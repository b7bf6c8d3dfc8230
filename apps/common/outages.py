"""Which exceptions mean that a server we need is away, rather than that we are wrong."""

from django.db import InterfaceError, OperationalError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

REDIS_OUTAGES = (RedisConnectionError, RedisTimeoutError)
OUTAGES = (OperationalError, InterfaceError, *REDIS_OUTAGES)
RETRY_AFTER_S = 2
