import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from tests.fleet_migrations import LAST

NOTE_SQL = """
-- 100% of them; with a semicolon in a comment
UPDATE organizations_member SET motto = motto || '; 100%' WHERE motto LIKE '%x%';
CREATE UNIQUE INDEX member_motto ON organizations_member (motto, id) WHERE motto <> '%%';
"""


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.AddField("member", "nickname", models.CharField(max_length=50, null=True)),
        migrations.AddField(
            "member", "motto", models.TextField(default="it's x", db_default="it's x%")
        ),
        migrations.AddField("member", "seen_at", models.DateTimeField(db_default=Now())),
        migrations.AlterField("member", "name", models.CharField(max_length=151)),
        migrations.CreateModel(
            "Badge",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("code", models.CharField(max_length=20, unique=True)),
                (
                    "member",
                    models.ForeignKey(
                        "organizations.member", django.db.models.deletion.CASCADE, db_index=True
                    ),
                ),
                ("friends", models.ManyToManyField("organizations.member", related_name="+")),
            ],
        ),
        migrations.AddConstraint(
            "badge", models.UniqueConstraint(Lower("code"), name="badge_code_once")
        ),
        migrations.AddConstraint(
            "badge", models.CheckConstraint(condition=~Q(code=""), name="badge_code_given")
        ),
        migrations.AddIndex("badge", models.Index(fields=["-code"], name="badge_code")),
        migrations.RunSQL(NOTE_SQL, migrations.RunSQL.noop),
        migrations.RunSQL(
            [("UPDATE organizations_member SET name = %s WHERE name = %s", ["50% Ann", "Ann"])],
            migrations.RunSQL.noop,
        ),
    ]
