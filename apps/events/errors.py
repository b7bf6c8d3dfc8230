"""Errors of publishing and handling."""


class NotInTransaction(RuntimeError):
    """publish() was called where its row could be kept without the change that it tells of."""


class InvalidEvent(TypeError):
    """A declaration, a subscription or a field's value breaks the rules of the registry."""


class UnknownEvent(LookupError):
    """A stored event has a name or version that this release does not know."""
