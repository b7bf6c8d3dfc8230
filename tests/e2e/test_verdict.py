"""After everything else: what the visitors found, and the end of the demo."""

from tests.e2e.running_demo import RunningDemo
from tests.e2e.visitor import Findings


def test_every_page_that_was_seen_is_sound(findings: Findings) -> None:
    """No message in the console, no refused content, one h1, no sideways scrolling at 320 px, ..."""
    assert not findings.defects, "\n".join(["", *findings.defects])


def test_ctrl_c_ends_the_demo_and_all_of_its_processes(demo: RunningDemo) -> None:
    before = demo.processes()
    assert len(before) > 6, before
    assert demo.stop() == 0, demo.output
    assert demo.processes() == []
    assert demo.output.rstrip().endswith("`make demo` brings it back.")
