"""What decides whether a member is asked something, kept for some minutes."""

from apps.common.caching import Namespace

STANDINGS = Namespace("feedback.standings", ttl_s=300)
