"""The vocabulary of the catalogue's index as a table of its own, on every database."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from registry.catalogue_index import vocabulary

OLD_VIEW = "CREATE VIRTUAL TABLE registry_catalogue_vocabulary USING fts5vocab(registry_catalogue_search, 'row')"


def create_table(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create it in place of SQLite's view; what fills an empty catalogue after the migrations fills it too."""
    sqlite = schema_editor.connection.vendor == "sqlite"
    if sqlite:
        schema_editor.execute("DROP TABLE registry_catalogue_vocabulary")
    for statement in vocabulary.CREATE_SQLITE if sqlite else vocabulary.CREATE_POSTGRES:
        schema_editor.execute(statement)
    apps.get_model("registry", "CatalogueEntry").objects.all().delete()


def drop_table(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Back to the view."""
    schema_editor.execute("DROP TABLE registry_catalogue_vocabulary")
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute(OLD_VIEW)


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0021_draft_trial_of_one_example'),
    ]

    operations = [migrations.RunPython(create_table, drop_table)]
