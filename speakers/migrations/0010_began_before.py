from typing import Any

from django.db import migrations, models
from django.db.models import Exists, OuterRef


def _unseen(apps: Any, _editor: Any) -> None:
    """Nobody saw a state begin that no change of a known state led to; FRR says since when a session is up."""
    seen = apps.get_model("speakers", "Transition").objects.filter(session=OuterRef("pk"), at=OuterRef("since"))
    sessions = apps.get_model("speakers", "Session").objects.filter(established_at=None).exclude(state="Unknown")
    sessions.exclude(Exists(seen.exclude(old_state=""))).update(began_before=True)


class Migration(migrations.Migration):

    dependencies = [
        ('speakers', '0009_revision'),
    ]

    operations = [
        migrations.AddField(
            model_name='session',
            name='began_before',
            field=models.BooleanField(default=False, help_text='It was in that state before `since`; nobody looked when that began.'),
        ),
        migrations.RunPython(_unseen, migrations.RunPython.noop),
    ]
