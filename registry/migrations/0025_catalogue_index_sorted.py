"""PostgreSQL sorts new words into the catalogue's index at once, which otherwise every search reads through as a list."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INDEX = "registry_catalogue_search_words"


def sort_at_once(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Nothing on SQLite, which has no such list."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER INDEX {INDEX} SET (fastupdate = off)")
        # What waits for its place already would stay until the table is next vacuumed.
        schema_editor.execute(f"SELECT gin_clean_pending_list('{INDEX}')")


def sort_later(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Back to PostgreSQL's default."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER INDEX {INDEX} RESET (fastupdate)")


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0024_event_said'),
    ]

    operations = [migrations.RunPython(sort_at_once, sort_later)]
