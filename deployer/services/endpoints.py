"""Names of endpoints."""

from __future__ import annotations

from itertools import count

from deployer.models import Endpoint
from registry.models import RegisteredModel

NAME_LENGTH = 80


def endpoint_name(registered_model: RegisteredModel) -> str:
    """The name that the model's endpoint has, or would get: `owner-name`, numbered where another model took it."""
    taken = Endpoint.objects.filter(registered_model=registered_model).values_list("name", flat=True).first()
    if taken is not None:
        return taken
    base = f"{registered_model.owner.username}-{registered_model.name}"
    names = (base[:NAME_LENGTH] if number == 1 else _numbered(base, number) for number in count(1))
    return next(name for name in names if not Endpoint.objects.filter(name=name).exists())


def endpoint_of(registered_model: RegisteredModel) -> Endpoint:
    """The model's endpoint, created if it is new and locked until the transaction ends."""
    Endpoint.objects.get_or_create(
        registered_model=registered_model, defaults={"name": endpoint_name(registered_model)}
    )
    return Endpoint.objects.select_for_update(no_key=True).get(registered_model=registered_model)


def _numbered(base: str, number: int) -> str:
    suffix = f"-{number}"
    return base[: NAME_LENGTH - len(suffix)] + suffix
