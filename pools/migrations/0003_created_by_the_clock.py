from django.db import migrations, models

import clusters.clock


class Migration(migrations.Migration):

    dependencies = [
        ('pools', '0002_refused_deletion'),
    ]

    operations = [
        migrations.AlterField(
            model_name='bgpadvertisement',
            name='created_at',
            field=models.DateTimeField(default=clusters.clock.now, editable=False),
        ),
        migrations.AlterField(
            model_name='community',
            name='created_at',
            field=models.DateTimeField(default=clusters.clock.now, editable=False),
        ),
        migrations.AlterField(
            model_name='ipaddresspool',
            name='created_at',
            field=models.DateTimeField(default=clusters.clock.now, editable=False),
        ),
        migrations.AlterField(
            model_name='l2advertisement',
            name='created_at',
            field=models.DateTimeField(default=clusters.clock.now, editable=False),
        ),
    ]
