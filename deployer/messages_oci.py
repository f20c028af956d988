"""The texts of pushing to an OCI registry, by message id."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

OCI_MESSAGES = {
    "oci_registry.bad_address": Message(
        _("“%(registry)s” is not the address of an OCI registry."), _("Give a host name with an optional port.")
    ),
    "oci_registry.bad_challenge": Message(
        _("The OCI registry asks to sign in at an address that cannot be trusted."),
        _("%(registry)s names a token server without TLS. Its operator must correct that."),
    ),
    "oci_registry.bad_token": Message(
        _("The OCI registry's token server gave no token."), _("Nothing was pushed. Ask the registry's operator.")
    ),
    "oci_registry.busy": Message(
        _("The OCI registry is busy."),
        _("%(registry)s answered with status %(status)s several times. What has arrived stays there; try again later."),
    ),
    "oci_registry.denied": Message(
        _("The OCI registry refuses the account."),
        _(
            "Check MODEL_COMMONS_OCI_REGISTRY_USERNAME and the password in MODEL_COMMONS_OCI_REGISTRY_PASSWORD_FILE, "
            "and whether the account may push to this repository of %(registry)s."
        ),
    ),
    "oci_registry.digest_mismatch": Message(
        _("What the OCI registry received is not what was approved."),
        _("Expected was %(expected)s. Nothing was published. An operator must check the storage and the registry."),
    ),
    "oci_registry.full": Message(
        _("The OCI registry has no room left."), _("An operator must free space at %(registry)s, then push again.")
    ),
    "oci_registry.password_file": Message(
        _("The OCI registry's password cannot be read."),
        _("MODEL_COMMONS_OCI_REGISTRY_PASSWORD_FILE names %(path)s. Check the name and who may read it."),
    ),
    "oci_registry.refused": Message(
        _("The OCI registry refuses the image."),
        _("It answered with status %(status)s (%(reason)s). An operator must look at the registry's log."),
    ),
    "oci_registry.unknown": Message(
        _("The OCI registry has no such image."), _("“%(reference)s” is not there. Push it first.")
    ),
    "oci_registry.untrusted": Message(
        _("Nobody vouches for the OCI registry."),
        _("%(registry)s: an operator must name its authority's certificates in MODEL_COMMONS_OCI_REGISTRY_CA_FILE."),
    ),
    "oci_registry.unreachable": Message(
        _("The OCI registry does not answer."),
        _("%(registry)s could not be reached, or was cut off. What has arrived stays there; try again later."),
    ),
    "oci_registry.upload_interrupted": Message(
        _("The way to the OCI registry was cut again and again."),
        _("Layer %(digest)s did not arrive whole. Layers that did are not sent again; try again later."),
    ),
    "signing.bad_key": Message(
        _("The key that signs images cannot be used."),
        _("MODEL_COMMONS_SIGNING_KEY must hold an EC key on P-256 as PEM without a pass phrase; so must former keys."),
    ),
    "signing.former_keys": Message(
        _("The former public keys cannot be read."),
        _("MODEL_COMMONS_SIGNING_FORMER_KEYS_FILE names %(path)s. Check the name and who may read it."),
    ),
    "signing.no_private_key": Message(
        _("This process cannot sign."),
        _("It was given a public key only. Give workers the private key in MODEL_COMMONS_SIGNING_KEY, then try again."),
    ),
    "signing.no_statement": Message(
        _("Nothing signed was published about this image."),
        _("%(digest)s was published by an earlier release. Its next build signs what it publishes."),
    ),
    "signing.not_signed": Message(
        _("No key of this portal has signed that."),
        _("What was read is no statement about %(digest)s by a key that the portal publishes. Do not trust it."),
    ),
    "push.digest_given": Message(
        _("The digest follows from the image."), _("Give host, repository and, if you like, a tag, without a digest.")
    ),
}
