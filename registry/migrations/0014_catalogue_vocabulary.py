"""A view of the words in SQLite's search index, by which beginnings of words are found."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

CREATE = (
    "CREATE VIRTUAL TABLE registry_catalogue_vocabulary USING fts5vocab(registry_catalogue_search, 'row')"
)


def create_view(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create it; PostgreSQL needs none."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(CREATE)


def drop_view(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop it again."""
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE registry_catalogue_vocabulary")


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0013_job_request_id'),
    ]

    operations = [migrations.RunPython(create_view, drop_view)]
