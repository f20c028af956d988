"""A serving directory that tells what a test put into it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from registry.interfaces import Deployment, LastDay, ServingInfo, Snippets


class FakeServingDirectory:
    """`registry.interfaces.ServingDirectory` over dictionaries, by the model's id."""

    def __init__(self) -> None:
        self.infos: dict[int, list[ServingInfo]] = {}
        self.rows: dict[int, list[Deployment]] = {}
        self.days: dict[int, LastDay] = {}

    def add(self, registered_model_id: int, info: ServingInfo) -> None:
        """A newer version of the model, served as `info` says."""
        self.infos.setdefault(registered_model_id, []).append(info)

    def add_deployment(self, registered_model_id: int, deployment: Deployment) -> None:
        """A newer deployment of the model."""
        self.rows.setdefault(registered_model_id, []).append(deployment)

    def for_versions(self, version_ids: Sequence[int]) -> Mapping[int, ServingInfo]:
        known = {info.version_id: info for infos in self.infos.values() for info in infos}
        return {version_id: known[version_id] for version_id in version_ids if version_id in known}

    def live_version(self, registered_model_id: int) -> ServingInfo | None:
        return next((info for info in self.infos.get(registered_model_id, ()) if info.live), None)

    def live_models(self, *, among: Collection[int]) -> Sequence[int]:
        return [model_id for model_id in self.infos if model_id in among and self.live_version(model_id)]

    def snippets(self, registered_model_id: int, *, origin: str) -> Snippets | None:
        live = self.live_version(registered_model_id)
        if live is None:
            return None
        url = f"{origin}/{live.endpoint}"
        return Snippets(curl=f"curl {url}", python=f"get({url!r})")

    def deployments(self, registered_model_id: int, *, offset: int, limit: int) -> Sequence[Deployment]:
        newest_first = self.rows.get(registered_model_id, [])[::-1]
        return newest_first[offset : offset + limit]

    def deployment_count(self, registered_model_id: int) -> int:
        return len(self.rows.get(registered_model_id, ()))

    def last_day(self, registered_model_id: int) -> LastDay | None:
        return self.days.get(registered_model_id)
