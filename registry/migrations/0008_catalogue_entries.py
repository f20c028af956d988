"""The catalogue's own rows, and their full-text index."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from registry.catalogue_index import postgres, sqlite


def create_index(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the search table as this database has it."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in postgres.CREATE:
            schema_editor.execute(statement)
    else:
        schema_editor.execute(sqlite.CREATE)


def drop_index(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop it again."""
    schema_editor.execute("DROP TABLE registry_catalogue_search")


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0007_discussions'),
    ]

    operations = [
        migrations.CreateModel(
            name='StaleListing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('registered_model', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='registry.registeredmodel')),
            ],
        ),
        migrations.CreateModel(
            name='CatalogueEntry',
            fields=[
                ('registered_model', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='catalogue_entry', serialize=False, to='registry.registeredmodel')),
                ('owner_name', models.CharField(max_length=150)),
                ('name', models.CharField(max_length=39)),
                ('summary', models.CharField(blank=True, max_length=200)),
                ('task', models.CharField(blank=True, max_length=60)),
                ('licence', models.CharField(blank=True, max_length=60)),
                ('model_format', models.CharField(blank=True, max_length=30)),
                ('languages', models.CharField(blank=True, max_length=450)),
                ('status', models.CharField(max_length=20)),
                ('live', models.BooleanField(default=False)),
                ('version_number', models.PositiveIntegerField()),
                ('coming_number', models.PositiveIntegerField(null=True)),
                ('coming_status', models.CharField(blank=True, max_length=20)),
                ('updated_at', models.DateTimeField()),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='registry.modelversion')),
            ],
            options={
                'indexes': [models.Index(fields=['-updated_at', '-registered_model'], name='entry_updated'), models.Index(fields=['name', 'registered_model'], name='entry_name'), models.Index(fields=['live', '-registered_model'], name='entry_live')],
            },
        ),
        migrations.RunPython(create_index, drop_index),
    ]
