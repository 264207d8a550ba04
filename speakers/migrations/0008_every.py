from typing import Any

from django.db import migrations, models


def _keep(apps: Any, _editor: Any) -> None:
    apps.get_model("speakers", "Speaker").objects.filter(quiet=True).update(every=60)


class Migration(migrations.Migration):

    dependencies = [
        ('speakers', '0007_whole'),
    ]

    operations = [
        migrations.AddField(
            model_name='speaker',
            name='every',
            field=models.PositiveIntegerField(default=0, help_text='Seconds between two answers; 0 = each sweep has one.'),
        ),
        migrations.RunPython(_keep, migrations.RunPython.noop),
        migrations.RemoveField(
            model_name='speaker',
            name='quiet',
        ),
    ]
