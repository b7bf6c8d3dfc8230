"""The one error of the embedded servers."""


class ServiceError(RuntimeError):
    """An embedded server can't be had; the text tells a person why, and what to do."""
