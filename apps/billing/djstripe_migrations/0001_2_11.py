"""dj-stripe's tables as its own migrations up to 2.11 leave them, made at once.

Those make six thousand lines of models and then remove five hundred columns one by one, for which Django
builds all models anew each time: a minute and a half for every new database. Nobody has tables of before.
A newer dj-stripe gets a migration here that has the operations of its own.
"""

from importlib import import_module
from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation

OF_DJSTRIPE = ("0001_initial", "0002_2_10", "0003_2_11")


class MakeAtOnce(Operation):
    """The state goes through all operations, unrendered; the database gets what comes out."""

    reduces_to_sql = True
    reversible = True

    def state_forwards(self, app_label: str, state: Any) -> None:
        # It is rendered again when somebody asks for it.
        state.__dict__.pop("apps", None)
        for name in OF_DJSTRIPE:
            for operation in import_module(f"djstripe.migrations.{name}").Migration.operations:
                operation.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        for model in to_state.apps.get_app_config(app_label).get_models():
            if self.allow_migrate_model(schema_editor.connection.alias, model):
                schema_editor.create_model(model)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        for model in from_state.apps.get_app_config(app_label).get_models():
            if self.allow_migrate_model(schema_editor.connection.alias, model):
                schema_editor.delete_model(model)

    def describe(self) -> str:
        return "Make the tables of dj-stripe 2.11"


class Migration(migrations.Migration):
    initial = True

    dependencies = [("billing", "0001_stripe_inbox")]

    operations = [MakeAtOnce()]
