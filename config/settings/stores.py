"""PostgreSQL and Redis: where they are, and how connections to them are made."""

import environ

from config.settings.environment import env

# --- Database ------------------------------------------------------------------------------------
# Two logins: the app's owns nothing and is held by row-level security; the system's owns the tables.
DATABASE_URL = env("DATABASE_URL", default="")
DATABASE_SYSTEM_URL = env("DATABASE_SYSTEM_URL", default="")
# With one login for both, the role that it takes when it speaks as the app.
DATABASE_APP_ROLE = ""


_OPTIONS = {"connect_timeout": 5, "application_name": "wrapper"}
# How the app's connections are shared (docs/isolation.md#connections); the system's never are.
DATABASE_POOL_MODE = env("DATABASE_POOL_MODE", default="session")
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", default=0)
DATABASE_TENANTS_PER_CONNECTION = env.int("DATABASE_TENANTS_PER_CONNECTION", default=50)
# No statement of a web request, or of a task, takes longer; 0: however long. Of commands and migrations: any.
DATABASE_WEB_STATEMENT_TIMEOUT_MS = env.int("DATABASE_WEB_STATEMENT_TIMEOUT_MS", default=15_000)
DATABASE_TASK_STATEMENT_TIMEOUT_MS = env.int("DATABASE_TASK_STATEMENT_TIMEOUT_MS", default=300_000)


def databases(app_url: str, system_url: str) -> dict[str, dict[str, object]]:
    """DATABASES for two logins, or for one where `system_url` is empty."""
    app = postgres(app_url)
    app["POOL_MODE"] = DATABASE_POOL_MODE
    # A named cursor outlives the transaction that a pooler lends a connection for.
    app["DISABLE_SERVER_SIDE_CURSORS"] = DATABASE_POOL_MODE == "transaction"
    if DATABASE_POOL_SIZE:
        app["CONN_MAX_AGE"] = 0  # back to the pool after each request
        app["OPTIONS"] = {
            **_OPTIONS,
            "pool": {
                "min_size": 1,
                "max_size": DATABASE_POOL_SIZE,
                "timeout": 10,
                "max_lifetime": 3600,
                "max_idle": 300,
            },
        }
    return {"default": app, "system": postgres(system_url)} if system_url else {"default": app}


def postgres(url: str) -> dict[str, object]:
    """A DATABASES entry for our backend, which sets the tenant's context or raises."""
    return {
        **environ.Env.db_url_config(url),
        "ENGINE": "apps.tenants.backend",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "TENANTS_PER_CONNECTION": DATABASE_TENANTS_PER_CONNECTION,
        "OPTIONS": dict(_OPTIONS),
    }


# --- Redis: cache, sessions, broker ---------------------------------------------------------------
REDIS_URL = env("REDIS_URL", default="")


# Off: every read goes to the database, to find out whether a cache is the cause of something.
CACHE_READS = env.bool("CACHE_READS", default=True)
# Off: Django answers every request.
GATEWAY = env.bool("GATEWAY", default=True)
# Off: it reads every page from the database.
API_RESPONSE_CACHE = env.bool("API_RESPONSE_CACHE", default=True)


def caches(url: str) -> dict[str, dict[str, object]]:
    """Two aliases on one server, told apart by prefix so that Redis Cluster (database 0 only) fits."""
    options = {"socket_timeout": 2, "socket_connect_timeout": 2}
    backend = "apps.common.cache.RedisCache"
    return {
        "default": {
            "BACKEND": backend,
            "LOCATION": url,
            "KEY_FUNCTION": "apps.common.cache.make_key",
            "OPTIONS": options,
        },
        # Keys that belong to no tenant: sessions, sign-in limits, one-time tickets.
        "global": {
            "BACKEND": backend,
            "LOCATION": url,
            "KEY_PREFIX": "global",
            "OPTIONS": options,
        },
    }
