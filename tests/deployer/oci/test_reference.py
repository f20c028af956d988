"""References: what the grammar names is taken apart and put together again, anything else is refused."""

from __future__ import annotations

import dataclasses

import pytest

from deployer.errors import UserError
from deployer.oci.reference import Reference, digest_hex, is_digest, parse_reference

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("registry.example/iris", ("registry.example", "iris", "", "")),
        ("registry.example:5000/models/iris:v1", ("registry.example:5000", "models/iris", "v1", "")),
        (f"localhost/a/b/c@{DIGEST}", ("localhost", "a/b/c", "", DIGEST)),
        (
            f"[2001:db8::1]:443/m__odel/i.r-i--s:1.0_RC-1@{DIGEST}",
            ("[2001:db8::1]:443", "m__odel/i.r-i--s", "1.0_RC-1", DIGEST),
        ),
        ("127.0.0.1:1/x:_", ("127.0.0.1:1", "x", "_", "")),
        ("REG.Example:65535/x", ("REG.Example:65535", "x", "", "")),
    ],
)
def test_good_references_are_taken_apart_and_put_together(text: str, parts: tuple[str, str, str, str]) -> None:
    reference = parse_reference(text)
    assert dataclasses.astuple(reference) == parts
    assert str(reference) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "iris",
        "library/iris",  # no registry: nothing may be filled in
        "registry.example",
        "registry.example/",
        "registry.example/Iris",
        "registry.example//iris",
        "registry.example/iris/",
        "registry.example/../iris",
        "registry.example/ir..is",
        "registry.example/ir___is",
        "registry.example/-iris",
        "registry.example/iris-",
        "registry.example/iris:",
        "registry.example/iris:.v1",
        "registry.example/iris:" + "v" * 129,
        "registry.example/iris:v1:v2",
        "registry.example/iris@",
        "registry.example/iris@sha256:",
        f"registry.example/iris@{DIGEST}0",
        f"registry.example/iris@{DIGEST.upper()}",
        f"registry.example/iris@{DIGEST}@{DIGEST}",
        "registry.example/iris@md5:d41d8cd98f00b204e9800998ecf8427e",
        "registry.example:/iris",
        "registry.example:0/iris",
        "registry.example:65536/iris",
        "registry.example:http/iris",
        "-registry.example/iris",
        "registry..example/iris",
        "user:secret@registry.example/iris",
        "https://registry.example/iris",
        "registry.example/iris\n",
        "registry.example/iris;sh",
        "registry.example/$(id)",
        "registry.example/ir is",
        "registry.example/irïs",
        "registry.example/iris:v\u0661",  # an Arabic digit
        "registry.example/" + "i" * 256,
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_reference(text)
    assert caught.value.code == "reference.malformed"


def test_pinning_drops_the_tag() -> None:
    pinned = parse_reference("registry.example/iris:latest").by_digest(DIGEST)
    assert str(pinned) == f"registry.example/iris@{DIGEST}"


def test_no_reference_can_be_made_around_the_parser() -> None:
    with pytest.raises(UserError):
        Reference(registry="registry.example", repository="iris; rm -rf /")


@pytest.mark.parametrize(
    "text", ["", DIGEST[7:], DIGEST + "\n", DIGEST.upper(), "sha512:" + "0" * 128, "sha256:../../x"]
)
def test_a_digest_is_sha256_and_lower_case_hex(text: str) -> None:
    assert digest_hex(DIGEST) == DIGEST[7:]
    assert not is_digest(text)
    with pytest.raises(UserError) as caught:
        digest_hex(text)
    assert caught.value.code == "reference.bad_digest"
