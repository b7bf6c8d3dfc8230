"""What checklists show, kept until something changes them."""

from apps.common.caching import Namespace

# Plans change what applies, and say so by an event some milliseconds later.
CHECKLISTS = Namespace("onboarding.checklists", ttl_s=300)
