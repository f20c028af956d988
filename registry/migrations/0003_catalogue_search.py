"""The catalogue's index: tables that the ORM does not know, each as its database does it best.

Words come cut and folded already; only spaces part them, so that `task:ranking` stays whole.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = (
    # Without positions, since only whole words and beginnings are asked.
    "CREATE VIRTUAL TABLE registry_catalogue_search USING fts5("
    "words, detail=none, columnsize=0, prefix='2 3', "
    "tokenize = \"unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co'\")",
    # Bytes are compared, so that what begins alike stands together.
    "CREATE TABLE registry_catalogue_vocabulary (covered integer, word text, PRIMARY KEY (covered, word)) WITHOUT ROWID",
)
POSTGRESQL = (
    "CREATE TABLE registry_catalogue_search (rowid bigint PRIMARY KEY, words tsvector NOT NULL)",
    # New words are sorted in at once: otherwise every search reads through those that wait for their place.
    "CREATE INDEX registry_catalogue_search_words ON registry_catalogue_search USING gin (words) WITH (fastupdate = off)",
    # Not unique: whoever adds a word shall not wait for somebody else who adds it. Twice is no harm.
    'CREATE TABLE registry_catalogue_vocabulary (covered smallint NOT NULL, word text COLLATE "C" NOT NULL)',
    "CREATE INDEX registry_catalogue_vocabulary_words ON registry_catalogue_vocabulary (covered, word)",
)


def create_tables(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the tables as this database has them."""
    for statement in POSTGRESQL if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop_tables(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop them again."""
    schema_editor.execute("DROP TABLE registry_catalogue_vocabulary")
    schema_editor.execute("DROP TABLE registry_catalogue_search")


class Migration(migrations.Migration):
    """What fills an empty catalogue after the migrations fills these too."""

    # What databases have that were made before the first release.
    replaces = [
        ("registry", "0014_catalogue_vocabulary"),
        ("registry", "0022_catalogue_words"),
        ("registry", "0025_catalogue_index_sorted"),
    ]
    dependencies = [("registry", "0002_rights")]
    operations = [migrations.RunPython(create_tables, drop_tables)]
