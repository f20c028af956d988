"""What `check --deploy` says about parts that serve one machine alone, and about the key that signs images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from deployer.backends import public_keys
from portal import env
from registry.errors import PortalError
from registry.messages import message

ONE_MACHINE = "Or set MODEL_COMMONS_SINGLE_MACHINE=true if this installation is one machine on purpose."
LOCAL_CLASSES = {
    "blob_store": (
        "registry.artifacts.folder.FolderBlobStore",
        "portal.E003",
        "Uploaded files lie in a folder of this machine.",
        "Name a bucket in MODEL_COMMONS_S3_BUCKET.",
    ),
    "image_builder": (
        "deployer.builders.local.LocalImageBuilder",
        "portal.E004",
        "Images lie in a folder of this machine, where no cluster can pull them.",
        "Name a registry in MODEL_COMMONS_OCI_REGISTRY_URL.",
    ),
    "serving": (
        "deployer.serving.local.LocalServingBackend",
        "portal.E005",
        "Models are served by processes of this machine.",
        "Serve them on a cluster: MODEL_COMMONS_SERVING=kserve.",
    ),
}


@register(Tags.security, deploy=True)
def local_parts(app_configs: Any, **_options: Any) -> Sequence[CheckMessage]:
    """One error for each part that cannot be shared, in production on more than one machine."""
    del app_configs
    return list(_local_parts()) if env.PRODUCTION and not env.SINGLE_MACHINE else []


@register(Tags.security, deploy=True)
def signing_keys(app_configs: Any, **_options: Any) -> Sequence[CheckMessage]:
    """One error where the key that signs, or one that signed earlier, cannot be used: a build would find out late."""
    del app_configs
    try:
        public_keys()
    except PortalError as error:
        text = message(error.code, error.params)
        return [Error(str(text.title), hint=str(text.body), id="portal.E006")]
    return []


def _local_parts() -> Iterator[Error]:
    if "sqlite" in settings.DATABASES["default"]["ENGINE"]:
        yield _error("portal.E001", "The database is a file of this machine.", "Name PostgreSQL in DATABASE_URL.")
    if settings.CELERY_BROKER_URL.startswith("sqla+sqlite"):
        yield _error("portal.E002", "Workers are rung through a file of this machine.", "Name Redis in REDIS_URL.")
    for role, (class_path, code, text, hint) in LOCAL_CLASSES.items():
        if settings.BACKENDS[role]["class"] == class_path:
            yield _error(code, text, hint)


def _error(code: str, text: str, hint: str) -> Error:
    return Error(text, hint=f"{hint} {ONE_MACHINE}", id=code)
