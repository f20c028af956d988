"""Bytes that no file names any more count against the quota of whoever stored them."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0004_what_submitted_files_told'),
    ]

    operations = [
        migrations.AddField(
            model_name='blob',
            name='stored_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
    ]
