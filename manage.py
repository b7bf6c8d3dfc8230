#!/usr/bin/env python
"""Command-line entry point; `manage.py help` lists what operators and developers can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    import django
    from django.core.management import execute_from_command_line

    from apps.common.database import system_connection
    from apps.common.embedded import ServiceError

    try:
        django.setup()
        # Commands are run by operators. runserver serves requests in threads, which begin as the app.
        with system_connection():
            execute_from_command_line(sys.argv)
    except ServiceError as error:
        # Settings start the embedded servers, so this can come before Django handles errors.
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
