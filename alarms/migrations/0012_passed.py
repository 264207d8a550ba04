"""What was over before it fired is kept for a while."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Another state."""

    dependencies = [("alarms", "0011_began_before")]

    operations = [
        migrations.AlterField(
            model_name="alarm",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("firing", "Firing"),
                    ("resolved", "Resolved"),
                    ("passed", "Passed"),
                ],
                max_length=10,
            ),
        ),
    ]
