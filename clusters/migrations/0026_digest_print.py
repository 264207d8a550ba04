from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clusters', '0025_zone'),
    ]

    operations = [
        *(
            migrations.AddField(
                model_name=name,
                name='digest_print',
                field=models.BigIntegerField(default=0),
            )
            for name in ('namespace', 'node', 'service', 'statusobject')
        ),
        migrations.AddIndex(
            model_name='node',
            index=models.Index(fields=['cluster', 'digest_print', 'id'], name='node_by_print'),
        ),
        migrations.AddIndex(
            model_name='service',
            index=models.Index(fields=['cluster', 'digest_print', 'id'], name='service_by_print'),
        ),
    ]
