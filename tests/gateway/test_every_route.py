"""The attacks of tests/isolation on every address of the API, on a process that has learned all it can.

Both workspaces have rows with the same ids, so that whatever is mixed up shows.
"""

from typing import Any

import pytest

from tests.accounts.support import host
from tests.conftest import World
from tests.gateway.conftest import Answer, Process
from tests.gateway.test_callers import same
from tests.isolation.conftest import Twin
from tests.isolation.test_leaks import attacked, requests

pytestmark = pytest.mark.django_db

# Answered for the third time, a request is answered by the gateway if it ever is.
ROUNDS = 3
NOBODY = {"HTTP_AUTHORIZATION": ""}


def test_nobody_gets_anothers_and_everybody_what_django_says(
    process: Process, token: Any, world: World, twins: tuple[Twin, Twin]
) -> None:
    """The owner of each workspace and somebody unknown, at each one's address, in turn."""
    tokens = {"acme": token(world.alice), "globex": token(world.charlie), "nobody": ""}
    answered: dict[tuple[str, int], int] = {}
    for route in attacked("/api/v1/"):
        _method, path, _body = next(requests(route, twins[0].samples))
        last: dict[tuple[str, str], Answer] = {}
        for _ in range(ROUNDS):
            for who, access in tokens.items():
                for twin in twins:
                    sent = {} if access else NOBODY
                    answer = process.get(host(twin.tenant), access, path, **sent)
                    last[who, twin.tenant.slug] = answer
                    text = answer.body.decode().lower()
                    for other in twins:
                        if other.tenant.slug != who:
                            assert other.canary not in text, f"{who}: {path}"
        for (who, slug), answer in last.items():
            if answer.by_gateway:
                answered[who, answer.status] = answered.get((who, answer.status), 0) + 1
                sent = {} if tokens[who] else NOBODY
                tenant = next(one.tenant for one in twins if one.tenant.slug == slug)
                same(answer, process.without_gateway(host(tenant), tokens[who], path, **sent))
    # Lists of one's own, another's workspace, no sign-in: else nothing was attacked.
    for who in ("acme", "globex"):
        assert answered[who, 200] >= 7
        assert answered[who, 404] >= 50
    assert answered["nobody", 401] >= 100
