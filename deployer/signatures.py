"""Signed statements about images: DSSE envelopes in Sigstore bundles, and cosign's older form. Bytes in, bytes out.

Everything is signed by ECDSA on P-256 with SHA-256, which OpenSSL, cosign and admission controllers all verify, and
deterministically (RFC 6979), so that a step that is repeated publishes the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from deployer.errors import IntegrityError, OperatorError
from deployer.oci.manifest import canonical
from deployer.oci.reference import digest_hex

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIMPLE_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
STATEMENT_TYPE = "application/vnd.in-toto+json"
COSIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
_ALGORITHM = ec.ECDSA(SHA256(), deterministic_signing=True)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that others verify with: its PEM, and the hint by which a bundle names it."""

    pem: str
    hint: str
    key: ec.EllipticCurvePublicKey


class Signer:
    """Signs with one private key."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key
        self.public = _public(key.public_key())

    def sign(self, data: bytes) -> bytes:
        """The DER signature."""
        return self._key.sign(data, _ALGORITHM)

    def bundle(self, statement: dict[str, Any]) -> bytes:
        """An in-toto statement in a DSSE envelope in a Sigstore bundle 0.3, by a key that is named by its hint."""
        payload = canonical(statement)
        signature = {
            "keyid": self.public.hint,
            "sig": _base64(self.sign(pre_authentication(STATEMENT_TYPE, payload))),
        }
        return canonical(
            {
                "mediaType": BUNDLE_TYPE,
                "verificationMaterial": {"publicKey": {"hint": self.public.hint}, "tlogEntries": []},
                "dsseEnvelope": {
                    "payload": _base64(payload),
                    "payloadType": STATEMENT_TYPE,
                    "signatures": [signature],
                },
            }
        )


def read_signer(pem: str) -> tuple[Signer | None, PublicKey]:
    """The signer of a private key, and its public one; None for the first if `pem` holds a public key only.

    `OperatorError` for anything else than a key on P-256 without a pass phrase.
    """
    try:
        if "PRIVATE KEY" in pem:
            signer = Signer(_private_key(pem))
            return signer, signer.public
        (public,) = read_public_keys(pem)
    except (TypeError, ValueError) as error:
        raise OperatorError("signing.bad_key") from error
    return None, public


def read_public_keys(pem: str) -> tuple[PublicKey, ...]:
    """Every public key of a PEM text, in its order; `OperatorError` for a key of another kind."""
    mark = "-----BEGIN PUBLIC KEY-----"
    found = []
    for part in pem.split(mark)[1:]:
        try:
            found.append(_public(_public_key(f"{mark}{part}")))
        except (TypeError, ValueError) as error:
            raise OperatorError("signing.bad_key") from error
    return tuple(found)


def pre_authentication(payload_type: str, payload: bytes) -> bytes:
    """What a DSSE signature is over (DSSE 1.0, PAE): type and payload, each with its length."""
    kind = payload_type.encode()
    return b" ".join([b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload])


def verify_bundle(bundle: bytes, *, keys: Sequence[PublicKey], digest: str) -> dict[str, Any]:
    """The statement of a bundle about the image `digest`, signed by one of `keys`; `IntegrityError` for any other."""
    try:
        content = json.loads(bundle)
        envelope, hint = content["dsseEnvelope"], content["verificationMaterial"]["publicKey"]["hint"]
        (signature,) = envelope["signatures"]
        payload = base64.b64decode(envelope["payload"], validate=True)
        (key,) = (each for each in keys if each.hint == hint == signature["keyid"])
        signed = pre_authentication(envelope["payloadType"], payload)
        key.key.verify(base64.b64decode(signature["sig"], validate=True), signed, _ALGORITHM)
        statement: dict[str, Any] = json.loads(payload)
        subjects = [subject["digest"]["sha256"] for subject in statement["subject"]]
    except (InvalidSignature, KeyError, TypeError, ValueError) as error:
        raise IntegrityError("signing.not_signed", digest=digest) from error
    if envelope["payloadType"] != STATEMENT_TYPE or digest_hex(digest) not in subjects:
        raise IntegrityError("signing.not_signed", digest=digest)
    return statement


def image_statement(name: str, digest: str) -> dict[str, Any]:
    """What `cosign sign` states: that this image is signed, and nothing more."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest_hex(digest)}}],
        "predicateType": COSIGN_PREDICATE,
        "predicate": {},
    }


def simple_payload(reference: str, digest: str) -> bytes:
    """The payload of cosign's older form, kept under the tag `sha256-<hex>.sig`; `reference` is host/repository."""
    return canonical(
        {
            "critical": {
                "identity": {"docker-reference": reference},
                "image": {"docker-manifest-digest": digest},
                "type": "cosign container image signature",
            },
            "optional": None,
        }
    )


def _public(key: ec.EllipticCurvePublicKey) -> PublicKey:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return PublicKey(pem=pem, hint=_base64(hashlib.sha256(der).digest()), key=key)


def _private_key(pem: str) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise TypeError("another kind of key")


def _public_key(pem: str) -> ec.EllipticCurvePublicKey:
    key = load_pem_public_key(pem.encode())
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise TypeError("another kind of key")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
