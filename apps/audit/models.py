from apps.trail.models import AbstractEntry


class Entry(AbstractEntry):
    """What happened in the entered tenant."""
