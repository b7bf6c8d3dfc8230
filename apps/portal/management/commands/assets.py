import subprocess
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.common import catalogues
from apps.portal import assets


class Command(BaseCommand):
    help = "Build the stylesheet and the catalogues of translations; quick when nothing changed."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--watch", action="store_true", help="rebuild at every change")
        parser.add_argument("--force", action="store_true", help="build even if nothing changed")

    def handle(self, *args: Any, **options: Any) -> None:
        made = catalogues.build()
        if options["watch"]:
            assets.watch()
            return
        try:
            built = assets.build(force=options["force"])
        except subprocess.CalledProcessError as error:
            raise CommandError(f"Tailwind failed:\n{error.stderr}") from error
        if options["verbosity"] > 0:
            self.stdout.write(
                "built static/build/app.css" if built else "static/build/app.css is current"
            )
            for path in made:
                self.stdout.write(f"built {path.relative_to(settings.BASE_DIR)}")
