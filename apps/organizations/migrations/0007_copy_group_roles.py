from django.db import migrations

# What a group maps to becomes a binding of the group, with the group's id: running it again adds nothing.
COPY = """
INSERT INTO organizations_rolebinding
    (id, created_at, updated_at, group_id, role_id, organization_id, by_group)
SELECT id, updated_at, updated_at, id, role_id, organization_id, false
FROM organizations_group WHERE role_id IS NOT NULL
ON CONFLICT DO NOTHING
"""
# What its members hold through it is not written to them any more.
DELETE = "DELETE FROM organizations_rolebinding WHERE by_group"


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0006_group_bindings"),
    ]

    operations = [
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.RunSQL(DELETE, migrations.RunSQL.noop),
    ]
