from django.db import migrations, models

import clusters.clock


class Migration(migrations.Migration):

    dependencies = [
        ('clusters', '0026_digest_print'),
    ]

    operations = [
        migrations.AlterField(
            model_name='change',
            name='at',
            field=models.DateTimeField(default=clusters.clock.now, editable=False),
        ),
    ]
