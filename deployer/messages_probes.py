"""What `check_backends` and the operations page say of each part, and how to mend what does not work."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

_PARTS = {
    "part.database": Message(_("Database")),
    "part.broker": Message(_("Doorbell of the work queue")),
    "part.cache": Message(_("Cache")),
    "part.blob_store": Message(_("Content store")),
    "part.uploads": Message(_("Unfinished uploads")),
    "part.direct_uploads": Message(_("Uploads past the portal")),
    "part.oci_registry": Message(_("OCI registry")),
    "part.serving": Message(_("Serving")),
}
_SERVERS = {
    "probe.broken": Message(
        _("It could not be asked."), _("Something unexpected happened (%(error)s). The portal's log has the details.")
    ),
    "probe.silent": Message(
        _("It did not answer within %(seconds)s seconds."),
        _("Check its address, whether it runs, and whether a firewall stands between."),
    ),
    "probe.database": Message(_("%(server)s answers.")),
    "probe.database_away": Message(
        _("%(engine)s does not answer."), _("Check DATABASE_URL, and whether the server runs and lets the portal in.")
    ),
    "probe.database_old": Message(
        _("PostgreSQL %(version)s is too old."), _("Upgrade the server to %(oldest)s or newer.")
    ),
    "probe.migrations": Message(_("Its tables are those of this release.")),
    "probe.migrations_missing": Message(
        _("Its tables are those of an older release."),
        _("Migrations that are missing: %(count)s. Run “manage.py migrate”."),
    ),
    "probe.broker_file": Message(_("A file in the data folder, for one machine.")),
    "probe.broker_unwritable": Message(
        _("The doorbell's file cannot be written."), _("Give the portal's account the right to write in %(folder)s.")
    ),
    "probe.redis": Message(_("Redis %(version)s at %(host)s answers.")),
    "probe.redis_away": Message(
        _("Redis at %(host)s does not answer."),
        _("Check REDIS_URL. Until it is back, work begins at the next sweep; nothing is lost."),
    ),
    "probe.redis_denied": Message(_("Redis at %(host)s refuses the portal."), _("Check the password in REDIS_URL.")),
    "probe.redis_forgets": Message(
        _("Redis at %(host)s forgets when it restarts."),
        _("Set “appendonly yes” there. Without it, work that was rung begins at the next sweep; nothing is lost."),
    ),
    "probe.redis_evicts": Message(
        _("Redis at %(host)s drops what it was told when memory is short."),
        _("Set “maxmemory-policy noeviction” there; it is %(policy)s now."),
    ),
    "probe.cache": Message(_("What is stored comes back.")),
    "probe.cache_table": Message(_("It is a table of the database.")),
    "probe.cache_table_missing": Message(
        _("The cache's table cannot be read."),
        _("If the database answers, run “manage.py createcachetable”."),
    ),
    "probe.cache_away": Message(
        _("The cache does not answer."),
        _("Check REDIS_URL. Meanwhile each web process counts its rate limits for itself."),
    ),
    "probe.cache_forgets": Message(
        _("The cache loses what is stored."), _("Check its memory limit, and whether all processes name the same one.")
    ),
}
_CONTENT = {
    "probe.store": Message(_("Files go in and come out unchanged.")),
    "probe.direct": Message(_("Pages of %(origin)s may send files to the storage.")),
    "probe.direct_refused": Message(
        _("%(address)s takes no files from pages of %(origin)s, or is out of reach."),
        _("Files go through the portal meanwhile. Allow PUT from this origin in the bucket's CORS rules."),
    ),
    "probe.uploads_elsewhere": Message(
        _("Unfinished uploads that lie in folders which this machine does not see: %(count)s."),
        _("Web servers and workers must share the folder “uploads” of the data folder, by NFS 4 or CephFS."),
    ),
    "probe.uploads_here": Message(_("Unfinished uploads lie where this machine sees them.")),
    "probe.store_changes": Message(
        _("A file came out changed."), _("Stop uploads and check the disk, or the storage behind the bucket, at once.")
    ),
    "probe.store_deletes": Message(_("Files can be deleted.")),
    "probe.store_keeps": Message(
        _("Files cannot be deleted."), _("Give the portal's key the right to delete, or storage grows for ever.")
    ),
    "probe.store_plain": Message(
        _("%(address)s is asked without TLS."),
        _("Uploads travel readable by others on the way. Name an address that begins with https://."),
    ),
    "probe.store_unlisted": Message(
        _("Stored files are not listed."), _("Give the portal's key the right to list the bucket.")
    ),
    "probe.images_local": Message(
        _("None is named: images stay in the data folder, which local serving is happy with.")
    ),
    "probe.registry_plain": Message(
        _("%(address)s is asked without TLS."),
        _("The password travels readable by others on the way. Name an address that begins with https://."),
    ),
    "probe.registry_pushes": Message(_("Images can be pushed into %(repository)s.")),
    "probe.registry_referrers": Message(
        _("It keeps referrers: card, bill of materials and provenance are found by API.")
    ),
    "probe.registry_fallback": Message(
        _("It keeps no referrers: card, bill of materials and provenance are found by their fallback tag.")
    ),
}
_SERVING = {
    "probe.serving": Message(_("It answers. Replicas that it knows: %(count)s.")),
    "probe.sandbox": Message(_("Model servers are confined by bubblewrap.")),
    "probe.sandbox_network": Message(
        _("Model servers have no network, but see the machine's files."),
        _("Install bubblewrap, and allow user namespaces, to confine them fully."),
    ),
    "probe.sandbox_none": Message(
        _("Model servers are not confined."),
        _("Install bubblewrap, allow user namespaces, and set MODEL_COMMONS_SERVING_SANDBOX to bubblewrap."),
    ),
    "probe.runtimes": Message(_("Runtimes that are installed: %(count)s.")),
    "probe.runtimes_missing": Message(
        _("Runtimes that are not installed yet: %(count)s."),
        _("%(names)s. The first trial that needs one installs it; “manage.py prepare_runtimes” does so now."),
    ),
    "probe.cluster": Message(_("Kubernetes %(version)s answers.")),
    "probe.cluster_old": Message(
        _("Kubernetes %(version)s is too old."),
        _(
            "It lets fields, rules of definitions and security standards pass that it does not know. Upgrade the "
            "cluster to %(oldest)s or newer before models are rolled out."
        ),
    ),
    "probe.kserve": Message(_("KServe %(version)s is installed.")),
    "probe.kserve_missing": Message(
        _("KServe is not installed."),
        _("The cluster has no InferenceService of v1beta1. Install KServe 0.20 or newer."),
    ),
    "probe.kserve_old": Message(
        _("KServe %(version)s is too old."), _("Upgrade it to %(oldest)s or newer before models are rolled out.")
    ),
    "probe.kserve_mode": Message(
        _("An InferenceService in Standard mode passes all checks of the cluster in the namespace %(namespace)s.")
    ),
    "probe.kserve_version_hidden": Message(
        _("KServe's version cannot be read."),
        _("To have it checked, let the portal's account read Deployments in the namespace “%(namespace)s”."),
    ),
    "probe.kserve_version_unknown": Message(
        _("KServe's version is not told."), _("Make sure by hand that it is 0.20 or newer.")
    ),
    "probe.kserve_default_mode": Message(
        _("KServe's default mode is %(mode)s; models are served in Standard mode, whatever the default is.")
    ),
    "probe.kserve_gateway_api": Message(_("KServe goes by the Gateway API.")),
    "probe.kserve_ingress": Message(
        _("KServe makes an Ingress for each model and waits for it."),
        _("Set “enableGatewayApi” to true in the part “ingress” of the ConfigMap “%(name)s”."),
    ),
    "probe.kserve_settings_hidden": Message(
        _("KServe's default mode and its use of the Gateway API cannot be read."),
        _(
            "To have them checked, let the portal's account read the ConfigMap “%(name)s” in the namespace "
            "“%(namespace)s”."
        ),
    ),
    "probe.kserve_settings_unknown": Message(
        _("KServe's default mode and its use of the Gateway API are not told."),
        _("The ConfigMap “%(name)s” lacks them or cannot be read. Make sure that “enableGatewayApi” is true there."),
    ),
    "probe.gateway": Message(_("The Gateway API is there; routes are attached to %(gateway)s.")),
    "probe.gateway_missing": Message(
        _("The Gateway API is not installed."),
        _("The cluster has no HTTPRoute of v1. Install the Gateway API and a gateway, then switch it on in KServe."),
    ),
    "probe.gateway_unnamed": Message(
        _("No gateway is named."), _("Set MODEL_COMMONS_KSERVE_GATEWAY to namespace/name, or nobody reaches a route.")
    ),
    "probe.image_volume": Message(_("Nodes mount images as volumes.")),
    "probe.image_volume_gate": Message(
        _("Nodes mount images as volumes only where the feature gate ImageVolume is on."),
        _("Switch it on at API server and nodes, or set MODEL_COMMONS_KSERVE_STORAGE to oci+fetch."),
    ),
    "probe.image_volume_missing": Message(
        _("Nodes of this release cannot mount images as volumes."),
        _("Upgrade to Kubernetes 1.35, or set MODEL_COMMONS_KSERVE_STORAGE to oci+fetch."),
    ),
    "probe.images_fetched": Message(_("Images reach pods as %(scheme)s, which needs nothing of the nodes.")),
}
PROBE_MESSAGES = {**_PARTS, **_SERVERS, **_CONTENT, **_SERVING}
