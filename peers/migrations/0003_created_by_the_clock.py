from django.db import migrations, models

import clusters.clock


class Migration(migrations.Migration):

    dependencies = [
        ('peers', '0002_refused_deletion'),
    ]

    operations = [
        migrations.AlterField(
            model_name='bfdprofile',
            name='created_at',
            field=models.DateTimeField(default=clusters.clock.now, editable=False),
        ),
        migrations.AlterField(
            model_name='bgppeer',
            name='created_at',
            field=models.DateTimeField(default=clusters.clock.now, editable=False),
        ),
    ]
