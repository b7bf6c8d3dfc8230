import django.db.models.functions.text
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0007_copy_group_roles"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="group", name="group_name"),
        migrations.RemoveConstraint(model_name="group", name="group_role_at_organization"),
        migrations.RemoveField(model_name="group", name="organization"),
        migrations.RemoveField(model_name="group", name="role"),
        migrations.RemoveField(model_name="rolebinding", name="by_group"),
        migrations.AddConstraint(
            model_name="group",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("display_name"),
                F("is_local"),
                name="group_name_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="groupmembership",
            constraint=models.UniqueConstraint(
                fields=("group", "member"), name="group_membership_member_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="groupmembership",
            constraint=models.CheckConstraint(
                condition=Q(("user", None), ("member", None), _connector="XOR"),
                name="group_membership_one_of",
            ),
        ),
        migrations.AddConstraint(
            model_name="rolebinding",
            constraint=models.UniqueConstraint(
                fields=("group", "role", "organization"), name="role_binding_group_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="rolebinding",
            constraint=models.CheckConstraint(
                condition=Q(("member", None), ("group", None), _connector="XOR"),
                name="role_binding_one_holder",
            ),
        ),
        migrations.AddConstraint(
            model_name="rolebinding",
            constraint=models.CheckConstraint(
                condition=Q(
                    ("starts_at", None),
                    ("ends_at", None),
                    ("ends_at__gte", F("starts_at")),
                    _connector="OR",
                ),
                name="role_binding_ends_after_start",
            ),
        ),
    ]
