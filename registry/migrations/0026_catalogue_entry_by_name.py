"""The catalogue by name with what a search counts beside it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0025_catalogue_index_sorted'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='catalogueentry',
            name='entry_name',
        ),
        migrations.AddIndex(
            model_name='catalogueentry',
            index=models.Index(fields=['name', 'registered_model', 'task', 'licence', 'languages', 'model_format', 'status', 'owner_name', 'live'], name='entry_by_name'),
        ),
    ]
