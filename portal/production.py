"""What must be set before others may use an installation. Plain values in, complaints out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from portal import cluster, env_kserve

if TYPE_CHECKING:
    from types import ModuleType

SHORTEST_KEY = 50
FEWEST_CHARACTERS = 5


@dataclass(frozen=True)
class Chosen:
    """The settings that decide whether a start is safe, as the environment gives them."""

    production: bool
    debug: bool
    demo: bool
    behind_proxy: bool
    secret_key: str
    hosts: Sequence[str]
    site_url: str
    mail_is_needed: bool
    smtp_host: str
    smtp_login: tuple[bool, bool]
    """Whether a user and whether a password are given."""
    sender: str
    oidc: tuple[str, str, str]
    mediawiki: tuple[str, str, str]
    oci_registry: tuple[str, str, str] = ("", "", "")
    """Address, quarantine and approved repository."""
    cluster_faults: Sequence[str] = ()
    sandbox: str = ""
    """How model servers on this machine are confined; "" if none run here."""


def chosen(env: ModuleType, *, secret_key: str, mail_is_needed: bool) -> Chosen:
    """What `portal.env` holds, with the key that will sign."""
    return Chosen(
        production=env.PRODUCTION,
        debug=env.DEBUG,
        demo=env.DEMO,
        behind_proxy=env.TRUST_PROXY,
        secret_key=secret_key,
        hosts=cast(Sequence[str], env.ALLOWED_HOSTS),
        site_url=env.SITE_URL,
        mail_is_needed=mail_is_needed,
        smtp_host=env.SMTP_HOST,
        smtp_login=(bool(env.SMTP_USER), bool(env.SMTP_PASSWORD)),
        sender=env.EMAIL_FROM,
        oidc=(env.OIDC_SERVER_URL, env.OIDC_CLIENT_ID, env.OIDC_CLIENT_SECRET),
        mediawiki=(env.MEDIAWIKI_REST_URL, env.MEDIAWIKI_CLIENT_ID, env.MEDIAWIKI_CLIENT_SECRET),
        oci_registry=(env.OCI_REGISTRY_URL, env.OCI_QUARANTINE_REPOSITORY, env.OCI_APPROVED_REPOSITORY),
        cluster_faults=cluster.faults(env, env_kserve),
        sandbox=env.SERVING_SANDBOX if env.SERVING == "local" else "",
    )


def hindrances(it: Chosen) -> list[str]:
    """One sentence for each thing that keeps the portal from starting; secrets are never repeated."""
    found = list(_half_set(it))
    if it.production:
        found += _open_doors(it)
    return found


def refuse(it: Chosen) -> None:
    """Stop the start, with all reasons at once."""
    found = hindrances(it)
    if found:
        raise SystemExit("The portal does not start like this:\n" + "\n".join(f"- {reason}" for reason in found))


def _half_set(it: Chosen) -> list[str]:
    found = []
    if any(it.oidc) and not all(it.oidc):
        found.append(
            "Sign-in by OpenID Connect needs MODEL_COMMONS_OIDC_SERVER_URL, MODEL_COMMONS_OIDC_CLIENT_ID and "
            "MODEL_COMMONS_OIDC_CLIENT_SECRET together."
        )
    if any(it.mediawiki[1:]) and not all(it.mediawiki):
        found.append(
            "Sign-in by wiki account needs MODEL_COMMONS_MEDIAWIKI_CLIENT_ID and "
            "MODEL_COMMONS_MEDIAWIKI_CLIENT_SECRET together."
        )
    if len(set(it.smtp_login)) > 1:
        found.append("The mail server is only spoken to with MODEL_COMMONS_SMTP_USER and its password together.")
    found += it.cluster_faults
    if it.oci_registry[0] and it.oci_registry[1] == it.oci_registry[2]:
        found.append(
            "MODEL_COMMONS_OCI_QUARANTINE_REPOSITORY and MODEL_COMMONS_OCI_APPROVED_REPOSITORY must differ: what was "
            "not approved may not lie where clusters pull."
        )
    return found


def _open_doors(it: Chosen) -> list[str]:
    no_mail_server = (
        "MODEL_COMMONS_SMTP_HOST is missing: e-mail addresses cannot be confirmed without a mail server. "
        "Name one, or set MODEL_COMMONS_EMAIL_VERIFICATION to optional."
    )
    weak_key = (
        f"MODEL_COMMONS_SECRET_KEY is too weak: give it {SHORTEST_KEY} random characters or more, or leave it out "
        "so that the portal makes one."
    )
    open_sandbox = (
        "MODEL_COMMONS_SERVING_SANDBOX must be bubblewrap, which refuses to serve unconfined, or none, if you know "
        "that a model server then runs as the portal's own account: auto would take the second unasked."
    )
    rules = (
        (it.debug, "MODEL_COMMONS_DEBUG shows settings and source to everybody: set it to false."),
        (it.demo, "MODEL_COMMONS_DEMO makes accounts with a common password: set it to false."),
        (
            not it.behind_proxy,
            "MODEL_COMMONS_TRUST_PROXY must be true: in production the portal stands behind a proxy that ends HTTPS.",
        ),
        (
            len(it.secret_key) < SHORTEST_KEY or len(set(it.secret_key)) < FEWEST_CHARACTERS,
            weak_key,
        ),
        (
            not it.site_url.startswith("https://"),
            "MODEL_COMMONS_SITE_URL must be the public address, beginning with https://.",
        ),
        (it.sandbox == "auto", open_sandbox),
        ("*" in it.hosts, "MODEL_COMMONS_ALLOWED_HOSTS may not be *: name the hosts that people use."),
        (
            it.mail_is_needed and not it.smtp_host,
            no_mail_server,
        ),
        (
            bool(it.smtp_host) and it.sender.rstrip(">").endswith("@localhost"),
            "MODEL_COMMONS_EMAIL_FROM must be an address that mail servers take.",
        ),
        (
            any(it.oidc) and not it.oidc[0].startswith("https://"),
            "MODEL_COMMONS_OIDC_SERVER_URL must begin with https://.",
        ),
        (
            any(it.mediawiki[1:]) and not it.mediawiki[0].startswith("https://"),
            "MODEL_COMMONS_MEDIAWIKI_REST_URL must begin with https://.",
        ),
        (
            it.oci_registry[0].startswith("http://"),
            "MODEL_COMMONS_OCI_REGISTRY_URL must begin with https://.",
        ),
    )
    return [reason for broken, reason in rules if broken]
