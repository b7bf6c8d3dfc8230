"""A worker that is killed while it prepares a workspace."""

import os
import re
import signal

from playwright.sync_api import expect

from tests.e2e.conftest import Meet
from tests.e2e.running_demo import RunningDemo, wait

SLUG = "survivor"


def test_the_workspace_gets_ready_although_the_worker_is_killed(
    meet: Meet, demo: RunningDemo
) -> None:
    alice = meet("alice")
    alice.open("/workspaces/new/")
    alice.page.get_by_label("Company or team name").fill("Survivor")
    alice.page.get_by_label("Address").fill(SLUG)

    # The pool is frozen: the worker has taken the task, and will never finish it.
    worker, pool = demo.worker()
    for pid in pool:
        os.kill(pid, signal.SIGSTOP)
    alice.press("Create workspace")
    alice.heading("Survivor")
    expect(alice.page.get_by_role("progressbar")).to_be_visible()
    steps = alice.page.get_by_role("listitem")
    expect(steps).to_have_count(6)
    alice.look("provisioning")

    guest = meet("guest")
    guest.open(demo.workspace(SLUG), status=503)
    guest.heading("This workspace is being prepared")
    guest.look("being-prepared")
    reply = demo.request("/api/v1/members/", slug=SLUG)
    assert (reply.status, reply.json()["code"]) == (503, "tenant_not_ready")
    assert reply.headers["retry-after"] == "2"

    for pid in (worker, *pool):
        os.kill(pid, signal.SIGKILL)
    assert wait(lambda: "worker ended with status -9" in demo.output, 10)
    # The page that she left open leads on by itself, and so does the one that refreshes.
    alice.arrive(demo.workspace(SLUG), timeout_s=45)
    expect(alice.page).to_have_title(re.compile("Dashboard · Survivor"))
    guest.heading("Sign in")
    assert demo.worker()[0] != worker
