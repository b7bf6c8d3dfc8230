"""Where the time of a warm members list goes: a flame graph, and the dearest functions as text.

`python -m benchmarks gateway_profile` writes to GATEWAY_PROFILE_DIR, or a new temporary folder:
flame.svg, stacks.txt (collapsed, as flamegraph.pl reads them) and functions.txt.
"""

import os
import shutil
import subprocess
import tempfile
import threading
from collections import Counter
from pathlib import Path

from benchmarks.flame import flame_svg, frames
from benchmarks.gateway_servers import OTHER_CORE, Server, pinned, platform, stores_pinned, wrk
from benchmarks.gateway_world import MEMBERS_PATH, build
from benchmarks.world import figure

CLIENTS = 16
RECORDED_S = 40
SAMPLES_A_SECOND = 250
SHOWN = 60


def run(_tenants: int) -> None:
    if shutil.which("py-spy") is None:
        raise SystemExit("The profile needs py-spy: pip install py-spy==0.4.1")
    folder = Path(os.environ.get("GATEWAY_PROFILE_DIR") or tempfile.mkdtemp(prefix="wrapper-"))
    headers = build(10).owner.headers()
    # Also with the settings of the API that are given, such as API_RESPONSE_CACHE=true.
    given = {name: value for name, value in os.environ.items() if name.startswith("API_")}
    env = {"API_RESPONSE_CACHE": "false", **given}
    with stores_pinned(), platform("profiled", env) as server:
        sample = server.load(MEMBERS_PATH, headers, clients=CLIENTS, for_s=5)
        figure("members list, not profiled", f"{sample.rate:.0f}/s", f"{sample.cpu_us:.0f} µs CPU")
        answered = _record(server, headers, folder / "stacks.txt")
    stacks = (folder / "stacks.txt").read_text()
    text = summary(stacks, answered)
    (folder / "functions.txt").write_text(text)
    (folder / "flame.svg").write_text(flame_svg(frames(stacks), "Python, while it has the GIL"))
    print(text)
    figure("written to", str(folder))


def _record(server: Server, headers: dict[str, str], to: Path) -> float:
    """Of the process that answers: the one with the most CPU. What waits is not seen.

    Returns how many requests it answered meanwhile.
    """
    for_s = RECORDED_S + 3
    said: dict[str, int] = {}

    def ask() -> None:
        said.update(
            wrk(
                server.port, MEMBERS_PATH, headers,
                clients=CLIENTS, for_s=for_s, core=OTHER_CORE,
            )
        )  # fmt: skip

    load = threading.Thread(target=ask)
    load.start()
    worker = server.processes()[-1]
    subprocess.run(
        [
            *pinned(OTHER_CORE),
            *("py-spy", "record", "--pid", str(worker), "--format", "raw", "--output", str(to)),
            *(
                "--duration",
                str(RECORDED_S),
                "--rate",
                str(SAMPLES_A_SECOND),
                "--function",
                "--gil",
            ),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    load.join()
    return said["requests"] * RECORDED_S / for_s


def summary(stacks: str, answered: float) -> str:
    """The dearest functions by what they take themselves, and with all that they call, of one request."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for line in stacks.splitlines():
        frames, _, count = line.rpartition(" ")
        names = [name for name in frames.split(";") if not name.startswith("process ")]
        own[names[-1]] += int(count)
        for name in set(names):
            whole[name] += int(count)
    total = own.total()
    held_us = total / SAMPLES_A_SECOND / answered * 1e6
    lines = [f"{held_us:.0f} µs a request by Python, while it has the GIL; {total} samples"]
    for title, counts in (("itself", own), ("with what it calls", whole)):
        lines.append(f"\n{title:<20} {'µs':>7} {'share':>7}")
        lines += [
            f"{'':<20} {held_us * count / total:>7.0f} {count / total:>7.1%}  {name}"
            for name, count in counts.most_common(SHOWN)
        ]
    return "\n".join(lines) + "\n"
