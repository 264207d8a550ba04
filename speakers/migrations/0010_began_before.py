from typing import Any

from django.db import migrations, models
from django.db.models import Exists, OuterRef


def mark(apps: Any, _editor: Any) -> None:
    """Nobody saw a state begin that no change of a known state led to, or that a gap ended with.

    FRR says since when a session is up.
    """
    changes = apps.get_model("speakers", "Transition").objects.filter(session=OuterRef("pk"), at=OuterRef("since"))
    gaps = apps.get_model("speakers", "Gap").objects.filter(cluster=OuterRef("cluster"), node=OuterRef("node"))
    seen = Exists(changes.exclude(old_state__in=("", "Unknown"))) & ~Exists(gaps.filter(ended_at=OuterRef("since")))
    sessions = apps.get_model("speakers", "Session").objects.filter(established_at=None).exclude(state="Unknown")
    sessions.exclude(seen).update(began_before=True)


class Migration(migrations.Migration):

    dependencies = [
        ('speakers', '0009_revision'),
    ]

    operations = [
        migrations.AlterField(
            model_name='session',
            name='since',
            field=models.DateTimeField(help_text="When `state` was first seen, or FRR's time of establishment or last reset."),
        ),
        migrations.AddField(
            model_name='session',
            name='began_before',
            field=models.BooleanField(default=False, help_text='It was in that state before `since`; nobody looked when that began.'),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
