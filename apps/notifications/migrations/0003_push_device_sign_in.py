from django.db import migrations, models


class Migration(migrations.Migration):
    """With which sign-in a device was seen: nothing is sent to it once that is over."""

    dependencies = [("notifications", "0002_choices_and_addresses")]

    operations = [
        migrations.AddField(
            model_name="pushdevice",
            name="sign_in_id",
            field=models.UUIDField(null=True, verbose_name="sign-in"),
        ),
    ]
