"""What the subcommands share: the actor, and how things are printed."""

import json
from argparse import ArgumentParser
from typing import Any, ClassVar

from django.core.management.base import OutputWrapper

from apps.common.actors import Actor

ACTOR = Actor.system("command")


class Subcommand:
    """`help` is one line. `arguments` declares options."""

    name: ClassVar[str]
    help: ClassVar[str]

    def __init__(self, stdout: OutputWrapper, stderr: OutputWrapper) -> None:
        self.stdout, self.stderr = stdout, stderr

    @classmethod
    def arguments(cls, parser: ArgumentParser) -> None:
        """Declare nothing by default."""

    def run(self, options: dict[str, Any]) -> None:
        raise NotImplementedError(f"{self.name} does nothing")

    def print_json(self, data: object) -> None:
        self.stdout.write(json.dumps(data, indent=2))
