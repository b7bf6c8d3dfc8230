"""The system roles auditor and billing_admin, for the tenants that there are.

Provisioning makes them for new ones (system_roles_ensure). The template has no roles, and gets none: clones
would share their ids. One statement each, so that the fleet replays them. Safe to run twice.
"""

from django.db import migrations

# A custom role may have taken the code; what it is called, allows and who holds it stays.
FREE_CODES = """
UPDATE roles_role SET code = left(code, 40) || '-' || right(md5(id::text), 8)
WHERE code IN ('auditor', 'billing_admin') AND NOT is_system
"""
# The id: a UUIDv7 (RFC 9562, section 5.7) out of a random one: 48 bits of milliseconds, version 7.
INSERT = """
INSERT INTO roles_role
    (id, created_at, updated_at, code, name, description, is_system, permissions)
SELECT
    encode(
        set_bit(
            set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    PLACING substring(
                        int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3
                    )
                    FROM 1 FOR 6
                ),
                52, 1
            ),
            53, 1
        ),
        'hex'
    )::uuid,
    now(), now(), new.code, new.name, new.description, true, '{}'
FROM (VALUES
    ('billing_admin', 'Billing administrator', 'Looks after the bill, and sees the workspace and who is in it.'),
    ('auditor', 'Auditor', 'Sees everything, and changes nothing.')
) AS new (code, name, description)
WHERE EXISTS (SELECT FROM roles_role WHERE code = 'owner' AND is_system)
ON CONFLICT (code) DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("roles", "0003_includes"),
    ]

    operations = [
        migrations.RunSQL(FREE_CODES, migrations.RunSQL.noop),
        migrations.RunSQL(INSERT, migrations.RunSQL.noop),
    ]
