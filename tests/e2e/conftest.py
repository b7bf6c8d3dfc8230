"""One demo and one browser for all of these tests, which run in the order of their files."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import SCREENSHOTS, Findings, Visitor

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Domains of customers, which no resolver knows.
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]
Meet = Callable[[str], Visitor]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "incremental: a test that fails ends its class")


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    failed = call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception)
    if failed and item.get_closest_marker("incremental"):
        item.parent._broken = item.name  # type: ignore[union-attr]


def pytest_runtest_setup(item: pytest.Item) -> None:
    broken = getattr(item.parent, "_broken", None)
    if item.get_closest_marker("incremental") and broken:
        pytest.skip(f"{broken} failed, and the story went no further")


@pytest.fixture(autouse=True)
def _clean_redis() -> None:
    """Nothing here uses the test settings' servers."""


@pytest.fixture(scope="session")
def demo(request: pytest.FixtureRequest) -> Iterator[RunningDemo]:
    running = RunningDemo()
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()
        if request.session.testsfailed:
            reporter = request.config.pluginmanager.get_plugin("terminalreporter")
            if reporter:
                reporter.write_line(f"\nThe demo's logs are kept in {running.folder}/logs")
        else:
            running.remove()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, f"none of {', '.join(BROWSERS)} is installed"
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    SCREENSHOTS.mkdir()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def findings() -> Findings:
    return Findings()


@pytest.fixture(scope="session")
def visitors(browser: Browser) -> Iterator[dict[str, Visitor]]:
    met: dict[str, Visitor] = {}
    yield met
    for visitor in met.values():
        visitor.close()


@pytest.fixture(scope="session")
def meet(
    browser: Browser, demo: RunningDemo, findings: Findings, visitors: dict[str, Visitor]
) -> Meet:
    """The visitor of this name: each has cookies of their own, and keeps them between tests."""

    def find(name: str) -> Visitor:
        if name not in visitors:
            visitors[name] = Visitor(browser, demo, findings)
        return visitors[name]

    return find


@pytest.fixture(autouse=True)
def _picture_of_failure(
    request: pytest.FixtureRequest, visitors: dict[str, Visitor]
) -> Iterator[None]:
    """What each visitor saw when a test failed."""
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed > failed_before:
        for name, visitor in visitors.items():
            visitor.photograph(SCREENSHOTS / f"failed-{request.node.name}-{name}.png")
