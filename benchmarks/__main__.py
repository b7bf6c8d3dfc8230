"""`make bench`: measures what is promised and prints one line a figure. Not part of the tests.

Runs on embedded servers of its own (.state/bench), durable as in production, and ends what it starts.
`python -m benchmarks NAME ...` runs some of them: a module of this folder each.
"""

import argparse
import os
import shutil
from importlib import import_module
from pathlib import Path

STATE = Path(__file__).resolve().parents[1] / ".state" / "bench"


def main() -> None:
    names = [
        "provisioning",
        "statements",
        "authorization",
        "access",
        "tenancy",
        "fleet",
        "serving",
        "copies",
        "scim",
        "events",
        "audit",
        "tree",
        "fairness",
        "caching",
        "entitlements",
        "webhooks",
        "debits",
        "usage_events",
        "ledger_growth",
        "notifications",
        "realtime",
        "gateway",
    ]
    by_name_only = ["gateway_profile"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*names, *by_name_only, []], metavar="NAME")
    parser.add_argument("--tenants", type=int, default=200, help="how many the large runs have")
    options = parser.parse_args()

    shutil.rmtree(STATE, ignore_errors=True)
    os.environ["WRAPPER_STATE_DIR"] = str(STATE)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.local"
    os.environ["LOG_LEVEL"] = "ERROR"
    # What is counted is measured, not what is refused.
    os.environ["API_REQUESTS_PER_15_MINUTES"] = "100000000"
    os.environ["API_REQUESTS_PER_15_MINUTES_BY_ADDRESS"] = "100000000"
    import django

    django.setup()
    from django.conf import settings

    # By default it is the sandbox's, which does not run here.
    settings.OIDC_DISCOVERY_URL = ""
    from apps.common import embedded
    from apps.common.database import system_connection
    from benchmarks.world import prepare

    try:
        with system_connection():
            prepare()
            for name in options.names or names:
                import_module(f"benchmarks.{name}").run(options.tenants)
    finally:
        from django.db import connections

        connections.close_all()
        embedded.stop(embedded.NAMES, "local")
        shutil.rmtree(STATE, ignore_errors=True)


if __name__ == "__main__":
    main()
