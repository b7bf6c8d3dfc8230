from tests.api.client import api, bearer  # noqa: F401 - fixtures
