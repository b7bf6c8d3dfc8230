"""What protects from others that are slow, away or too many (docs/resilience.md)."""

from config.settings.environment import env

# By which the platform asks others: http://host:port. Not those of OUTBOUND_NO_PROXY: hosts or .suffixes.
OUTBOUND_PROXY = env("OUTBOUND_PROXY", default="")
OUTBOUND_NO_PROXY = env.list("OUTBOUND_NO_PROXY", default=["localhost", "127.0.0.1", "::1"])

# How long a request of least priority may have waited in front of us when others wait, too; 0: any time.
LOAD_SHED_TARGET_MS = env.int("LOAD_SHED_TARGET_MS", default=200)
# With so many tasks in a queue no more bulk work is taken in.
QUEUE_MAX_WAITING = env.int("QUEUE_MAX_WAITING", default=1000)
