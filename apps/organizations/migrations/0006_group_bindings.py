import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0005_tree"),
    ]

    operations = [
        migrations.AddField(
            model_name="group",
            name="is_local",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="groupmembership",
            name="member",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="group_memberships",
                to="organizations.member",
            ),
        ),
        migrations.AlterField(
            model_name="groupmembership",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="memberships",
                to="organizations.directoryuser",
            ),
        ),
        migrations.AddField(
            model_name="rolebinding",
            name="group",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="bindings",
                to="organizations.group",
            ),
        ),
        migrations.AlterField(
            model_name="rolebinding",
            name="member",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="bindings",
                to="organizations.member",
            ),
        ),
        migrations.AddField(
            model_name="rolebinding",
            name="starts_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="starts"),
        ),
        migrations.AddField(
            model_name="rolebinding",
            name="ends_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="ends"),
        ),
        migrations.AddField(
            model_name="rolebinding",
            name="start_told_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="rolebinding",
            name="end_told_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
