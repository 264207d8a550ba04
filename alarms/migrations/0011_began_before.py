from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('alarms', '0010_known_size'),
    ]

    operations = [
        migrations.AddField(
            model_name='alarm',
            name='began_before',
            field=models.BooleanField(default=False, help_text='Some of it was so before, when nobody looked.'),
        ),
    ]
