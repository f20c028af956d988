"""References and digests by the grammar of the OCI distribution specification, strictly, pure.

References end up in manifests that a cluster interprets, some of them inside a shell, so what the grammar does not
name is refused rather than passed on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from deployer.errors import UserError

_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_REGISTRY = re.compile(
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]{{2,39}}\])(?::(?P<port>[1-9][0-9]{{0,4}}))?", re.ASCII
)
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*", re.ASCII)
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_NAME_LIMIT = 255
_PORT_LIMIT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A place in an OCI registry; `tag` and `digest` are "" where the text had none. `str()` gives the text back."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        text = f"{self.registry}/{self.repository}"
        valid = (
            len(text) <= _NAME_LIMIT
            and is_registry(self.registry)
            and _REPOSITORY.fullmatch(self.repository) is not None
            and (not self.tag or _TAG.fullmatch(self.tag) is not None)
            and (not self.digest or is_digest(self.digest))
        )
        if not valid:
            raise UserError("reference.malformed", reference=str(self)[:_NAME_LIMIT])

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"

    def by_digest(self, digest: str) -> Reference:
        """The same repository, pinned to the digest and nothing else."""
        return Reference(registry=self.registry, repository=self.repository, digest=digest)


def parse_reference(text: str) -> Reference:
    """Parse `registry[:port]/repository[:tag][@digest]`; `UserError` code `reference.malformed` for anything else.

    The registry must be spelled out and look like one (a dot, a port or `localhost`): the habit of filling in a public
    registry for a missing name would send a private model, or its password, to strangers.
    """
    registry, slash, rest = text.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        raise UserError("reference.malformed", reference=text[:_NAME_LIMIT])
    name, at, digest = rest.partition("@")
    repository, colon, tag = name.partition(":")
    if (at and not digest) or (colon and not tag):
        raise UserError("reference.malformed", reference=text[:_NAME_LIMIT])
    return Reference(registry=registry, repository=repository, tag=tag, digest=digest)


def is_digest(text: str) -> bool:
    """Whether the text is `sha256:` and 64 lower-case hex digits: the portal names content by no other algorithm."""
    return _DIGEST.fullmatch(text) is not None


def digest_hex(digest: str) -> str:
    """The 64 hex digits of a digest, safe as a file name; `UserError` code `reference.bad_digest` for anything else."""
    if not is_digest(digest):
        raise UserError("reference.bad_digest", digest=digest[:_NAME_LIMIT])
    return digest.removeprefix("sha256:")


def is_registry(text: str) -> bool:
    """Whether the text is a host name or bracketed IPv6 address with an optional port."""
    match = _REGISTRY.fullmatch(text)
    return match is not None and int(match["port"] or 0) <= _PORT_LIMIT
