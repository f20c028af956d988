"""The OCI registry that images are pushed to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deployer.oci.client import RegistryClient
from deployer.probes.report import Finding, warns, works


class LocalImagesProbe:
    """Images that stay in the data folder ask for nothing."""

    part = "part.oci_registry"

    def ask(self) -> Iterator[Finding]:
        """That there is none."""
        yield works("probe.images_local")


class RegistryProbe:
    """Whether both repositories take an upload, and what the registry can do beyond the least."""

    part = "part.oci_registry"

    def __init__(self, connect: Callable[[], RegistryClient], *, url: str, repositories: tuple[str, str]) -> None:
        self._connect = connect
        self._url = url
        self._repositories = repositories

    def ask(self) -> Iterator[Finding]:
        """Begin an upload in each repository and take it back."""
        if self._url.startswith("http://"):
            yield warns("probe.registry_plain", address=self._url)
        client = self._connect()
        for repository in self._repositories:
            client.try_to_push(repository=repository)
            yield works("probe.registry_pushes", repository=repository)
        if client.keeps_referrers(repository=self._repositories[-1]):
            yield works("probe.registry_referrers")
        else:
            yield works("probe.registry_fallback")
