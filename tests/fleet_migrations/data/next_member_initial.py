from django.db import migrations, models

from tests.fleet_migrations import LAST


def fill(apps, schema_editor):
    member = apps.get_model("organizations", "Member")
    for found in member.objects.filter(initial=None):
        found.initial = found.name[:1]
        found.save(update_fields=["initial"])


class Migration(migrations.Migration):
    dependencies = [LAST]
    operations = [
        migrations.AddField("member", "initial", models.CharField(max_length=1, null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
