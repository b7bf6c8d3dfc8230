from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.enums import Language
from apps.common import catalogues
from apps.notifications.texts import missing_in, texts

SOURCE = Language.ENGLISH


class Command(BaseCommand):
    help = "Bring the catalogues of what is sent up to the texts in the source; say what is not translated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--language", help="only this one, such as fr; also a new one")
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail if any is missing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        known = [one.value for one in Language if one != SOURCE]
        languages = [options["language"]] if options["language"] else known
        missing = 0
        for language in languages:
            if options["check"]:
                catalog = catalogues.read(catalogues.path_of(language))
            else:
                catalog = catalogues.update(language, texts())
            left = missing_in(catalog)
            missing += len(left)
            self.stdout.write(f"{language}: {len(catalog)} texts, {len(left)} not translated")
            for text in left:
                self.stdout.write(f"  {text!r}")
        if options["check"] and missing:
            raise CommandError(f"{missing} texts are not translated")
