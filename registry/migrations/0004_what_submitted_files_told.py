"""What the files told, and the card as HTML, are kept with each submission, so that they can be shown beside a draft."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, OuterRef, Subquery

COPIED = ("card_html", "model_format", "runtime", "introspection")


def copy_from_versions(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What is frozen still has what its last submission had; of reopened drafts the catalogue is written anew."""
    del schema_editor
    versions = apps.get_model("registry", "ModelVersion").objects
    revisions = apps.get_model("registry", "VersionRevision").objects.filter(number=F("version__revision"))
    same = versions.filter(pk=OuterRef("version"))
    revisions.exclude(version__state="draft").update(**{name: Subquery(same.values(name)[:1]) for name in COPIED})
    stale = apps.get_model("registry", "StaleListing")
    reopened = versions.filter(state="draft", revision__gt=0).values_list("registered_model", flat=True)
    stale.objects.bulk_create(stale(registered_model_id=model_id) for model_id in reopened)


class Migration(migrations.Migration):
    """Columns that servers of before this version need not know of."""

    dependencies = [("registry", "0003_catalogue_search")]
    operations = [
        migrations.AddField(
            model_name="versionrevision",
            name="card_html",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AddField(
            model_name="versionrevision",
            name="introspection",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="versionrevision",
            name="model_format",
            field=models.CharField(blank=True, db_default="", default="", max_length=30),
        ),
        migrations.AddField(
            model_name="versionrevision",
            name="runtime",
            field=models.CharField(blank=True, db_default="", default="", max_length=60),
        ),
        migrations.RunPython(copy_from_versions, migrations.RunPython.noop),
    ]
