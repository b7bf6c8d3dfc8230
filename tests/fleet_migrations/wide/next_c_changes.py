from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organizations", "next_b_rows")]
    operations = [
        migrations.RenameField("badge", "code", "sign"),
        migrations.RenameModel("Badge", "Medal"),
        migrations.RenameIndex("medal", "medal_sign", "badge_code"),
        migrations.AlterField("medal", "sign", models.CharField(max_length=30, null=True)),
        migrations.RemoveConstraint("medal", "badge_code_given"),
        migrations.AlterUniqueTogether("medal", {("member", "sign")}),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.AlterModelOptions("medal", {"ordering": ["sign"]})],
            database_operations=[
                migrations.RunSQL("COMMENT ON TABLE organizations_medal IS 'worn'", "SELECT 1")
            ],
        ),
        migrations.DeleteModel("Medal"),
        migrations.CreateModel(
            "Token",
            [
                ("id", models.UUIDField(primary_key=True)),
                ("member", models.ForeignKey("organizations.member", models.SET_NULL, null=True)),
            ],
        ),
    ]
