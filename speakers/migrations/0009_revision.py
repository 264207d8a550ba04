from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('speakers', '0008_every'),
    ]

    operations = [
        migrations.AddField(
            model_name='speaker',
            name='revision',
            field=models.PositiveBigIntegerField(default=0, help_text='Grows whenever a session of it is written.'),
        ),
    ]
