"""Where settings come from: the environment, files that it names, and `.env`."""

from pathlib import Path

import environ
from environ.fileaware_mapping import FileAwareMapping

BASE_DIR = Path(__file__).resolve().parents[2]


class Variables(FileAwareMapping):
    """NAME, or the file that NAME_FILE names, without the line end that editors leave in files."""

    def __getitem__(self, key: str) -> str:
        return str(super().__getitem__(key)).rstrip("\r\n")


env = environ.FileAwareEnv()
env.ENVIRON = Variables()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")
