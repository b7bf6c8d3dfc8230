from tests.api.client import api, bearer

__all__ = ["api", "bearer"]
