"""Durations as buckets of counters, so that a median costs the same whatever was counted.

Bucket n holds from 2^((n-1)/4) s to below 2^(n/4) s, and 0 what took less than a second: a duration is known
to within 19 %, and the median that is told, the bucket's middle, to within 10 %.
"""

import math
from collections.abc import Mapping

PER_DOUBLING = 4
# Some 97 years.
MAX_BUCKET = 126


def bucket_of(duration_s: float) -> int:
    if duration_s < 1:
        return 0
    return min(MAX_BUCKET, math.floor(PER_DOUBLING * math.log2(duration_s)) + 1)


def middle_s(bucket: int) -> float:
    """The geometric middle of a bucket's bounds."""
    return 0.0 if bucket == 0 else 2.0 ** ((bucket - 0.5) / PER_DOUBLING)


def median_s(counts: Mapping[int, int]) -> float | None:
    """Of what was counted by bucket; None of nothing."""
    total, seen = sum(counts.values()), 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if 2 * seen >= total > 0:
            return middle_s(bucket)
    return None
