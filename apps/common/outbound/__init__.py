"""Requests to others, and the only place that makes them (tests/project/test_outbound_only.py).

Declare an `Upstream` and ask it. Addresses that strangers name lead to public hosts only, unless an operator
named them; nobody is waited for without an end, asked by everybody at once, or asked again and again.
"""

from apps.common.outbound.addresses import MAX_URL_LENGTH, NOT_PUBLIC, is_public, url_problem
from apps.common.outbound.client import Upstream, retry_after_s
from apps.common.outbound.fetching import Answer, Away, OutboundError

__all__ = [
    "MAX_URL_LENGTH",
    "NOT_PUBLIC",
    "Answer",
    "Away",
    "OutboundError",
    "Upstream",
    "is_public",
    "retry_after_s",
    "url_problem",
]
