"""The database backend: the connection follows the tenant of the moment, or raises.

django-tenants' backend sets the search_path before each cursor and swallows a failure to do so, which
lets a statement run in the schema of the tenant before. Here the context (search_path, role and tenant id,
in one statement) is sent only when it differs from what the connection has, and a failure discards the
connection and is raised.
"""

from typing import Any

from django.conf import settings
from django_tenants.postgresql_backend import base

from apps.common.database import is_system
from apps.common.tenancy import PUBLIC_SCHEMA, current_tenant

Context = tuple[str, bool, str, str]  # schema, whether public is on the path, tenant id, role


class DatabaseWrapper(base.DatabaseWrapper):
    """`search_path_set_schemas` holds the Context that the server has; None: unknown."""

    search_path_set_schemas: Context | None

    @property
    def schema_name(self) -> str:
        """The schema in force: the entered tenant's, else what set_schema() chose (migrations)."""
        ref = current_tenant()
        return ref.schema_name if ref else self._chosen_schema

    @schema_name.setter
    def schema_name(self, value: str | None) -> None:
        self._chosen_schema = value or PUBLIC_SCHEMA

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Choose a schema where no tenant is entered. For migrations; the rest uses tenant_context."""
        self.tenant = tenant
        self.schema_name = tenant.schema_name
        self.include_public_schema = include_public
        self.set_settings_schema(self._chosen_schema)

    def connect(self) -> None:
        self.search_path_set_schemas = None
        super().connect()

    def _savepoint_rollback(self, sid: str) -> None:
        # The transaction may be aborted: nothing but ROLLBACK TO is accepted until it ran.
        self._setting_search_path = True
        try:
            super()._savepoint_rollback(sid)
        finally:
            self._setting_search_path = False

    def _wanted(self) -> Context:
        ref = current_tenant()
        # "none" is the login's own role. Where there is one login for all, the app's role is taken.
        role = "none" if is_system() else ref.role_name if ref else settings.DATABASE_APP_ROLE
        if ref is not None:
            return ref.schema_name, True, str(ref.id), role
        return self._chosen_schema, self.include_public_schema, "", role or "none"

    def _handle_search_path(self, cursor: Any = None) -> None:
        wanted = self._wanted()
        if self._setting_search_path or self.search_path_set_schemas == wanted:
            return
        schema, include_public, tenant_id, role = wanted
        path = [schema, PUBLIC_SCHEMA] if include_public and schema != PUBLIC_SCHEMA else [schema]
        self._setting_search_path = True
        own_cursor = cursor is None
        try:
            cursor = self.create_cursor() if own_cursor else cursor
            cursor.execute(
                "SELECT set_config('search_path', %s, false), set_config('role', %s, false), "
                "set_config('app.tenant_id', %s, false)",
                [",".join(base.quote_schema_name(part) for part in path), role, tenant_id],
            )
        except Exception:
            self.search_path_set_schemas = None
            if not self.in_atomic_block:
                self.close()
            raise
        finally:
            self._setting_search_path = False
            if own_cursor and cursor is not None:
                cursor.close()
        self.search_path_set_schemas = wanted
