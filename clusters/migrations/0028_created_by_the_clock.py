from django.db import migrations, models

import clusters.clock


class Migration(migrations.Migration):

    dependencies = [
        ('clusters', '0027_change_clock'),
    ]

    operations = [
        migrations.AlterField(
            model_name='changeset',
            name='created_at',
            field=models.DateTimeField(default=clusters.clock.now, editable=False),
        ),
    ]
