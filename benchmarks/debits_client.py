"""A process that debits for some seconds: part of benchmarks.debits."""

import sys
import time
import uuid

import django


def main() -> None:
    django.setup()
    from apps.common.database import app_connection
    from apps.common.tenancy import tenant_context
    from apps.tenants.selectors import tenant_by_slug
    from benchmarks import debits

    places = [uuid.UUID(one) if one else None for one in sys.argv[1].split(",")]
    debits.declare()
    acme = tenant_by_slug("acme")
    assert acme is not None
    with app_connection(), tenant_context(acme):
        debits.spend_until(time.perf_counter() + 0.3, places, int(sys.argv[2]))
        print("ready", flush=True)
        sys.stdin.readline()
        done = debits.spend_until(time.perf_counter() + debits.SECONDS, places, int(sys.argv[2]))
    print(len(done), flush=True)


if __name__ == "__main__":
    main()
