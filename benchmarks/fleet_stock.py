"""`python -m benchmarks.fleet_stock SCHEMA...`: django-tenants' own migrate_schemas on a sample.

Prints a JSON list: seconds for each schema with something to do, then for each with nothing to do. The
start of Python and Django is not in it.
"""

import json
import sys
import time

import django


def main(schema_names: list[str]) -> None:
    from apps.common.database import system_connection

    with system_connection():
        took_s = [[_timed(name) for name in schema_names] for _ in range(2)]
    print(json.dumps(took_s))


def _timed(schema_name: str) -> float:
    from django.core.management import call_command

    began_s = time.perf_counter()
    call_command("migrate_schemas", schema_name=schema_name, interactive=False, verbosity=0)
    return time.perf_counter() - began_s


if __name__ == "__main__":
    django.setup()
    main(sys.argv[1:])
