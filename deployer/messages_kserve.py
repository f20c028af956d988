"""The texts of serving on a cluster, by message id: what happened, who acts, and how."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

_IMAGES = {
    "kserve.bad_reference": Message(
        _("The image's address is not one that the cluster can read."),
        _("“%(reference)s” is refused by the node. An operator must correct the image repository in the settings."),
    ),
    "kserve.fetch_failed": Message(
        _("The cluster could not fetch the model's image."),
        _(
            "KServe's storage initializer ended with: %(detail)s An operator must check the registry, the pull secret "
            "and the way from the cluster to the registry."
        ),
    ),
    "kserve.image_denied": Message(
        _("The registry refuses the cluster the model's image."),
        _(
            "An operator must give the namespace a pull secret that may read %(image)s, and name it in "
            "MODEL_COMMONS_KSERVE_PULL_SECRETS."
        ),
    ),
    "kserve.image_missing": Message(
        _("The registry has no such image."),
        _(
            "%(image)s is not where the cluster looks for it. An operator must compare the repositories in the "
            "settings, "
            "then push the image again."
        ),
    ),
    "kserve.image_pull_failed": Message(
        _("The cluster cannot pull the model's image."),
        _("The node tries %(image)s again and again. An operator must look at the pod's events."),
    ),
    "kserve.image_without_models": Message(
        _("The model's image is empty."),
        _("Nothing lies under /models in it. An operator must delete the image and build the version again."),
    ),
    "kserve.model_image_fails": Message(
        _("The model's image does not run beside the model server."),
        _(
            "It left with status %(status)s: %(detail)s An operator must choose another way for images to reach the "
            "pod, "
            "MODEL_COMMONS_KSERVE_STORAGE, or a base image that modelcars can run."
        ),
    ),
    "kserve.mount_failed": Message(
        _("The model's image cannot be mounted."),
        _(
            "The node says: %(detail)s Where nodes know no image volumes, an operator must choose another "
            "MODEL_COMMONS_KSERVE_STORAGE."
        ),
    ),
    "kserve.registry_unreachable": Message(
        _("The cluster does not reach the registry."),
        _(
            "The node cannot pull %(image)s. An operator must check the registry and the nodes' way to it; it is "
            "retried."
        ),
    ),
    "kserve.registry_untrusted": Message(
        _("The cluster does not trust the registry's certificate."),
        _("The node refuses to pull %(image)s. An operator must install the registry's authority on the nodes."),
    ),
    "kserve.runtime_image_failed": Message(
        _("The cluster cannot pull the runtime's image."),
        _(
            "“%(image)s” is the model server of this runtime. An operator must push it, or correct it in "
            "MODEL_COMMONS_KSERVE_RUNTIME_IMAGES."
        ),
    ),
    "kserve.scheme_unsupported": Message(
        _("This KServe cannot read images in the chosen way."),
        _("It says: %(detail)s An operator must choose another MODEL_COMMONS_KSERVE_STORAGE or renew KServe."),
    ),
}
_PODS = {
    "kserve.admission_denied": Message(
        _("A rule of the cluster refuses the model's pod."),
        _("It says: %(detail)s An operator must look at the cluster's admission policies."),
    ),
    "kserve.container_refused": Message(
        _("The node cannot make the model's container."),
        _("It says: %(detail)s An operator must look at the pod's events."),
    ),
    "kserve.evicted": Message(
        _("The node had to put the replica out."), _("%(detail)s Another node takes it up by itself, if there is one.")
    ),
    "kserve.flapping": Message(
        _("The replica keeps ending and coming back."),
        _("It was started again %(restarts)s times. The end of its log tells why; the submitter can mend the model."),
    ),
    "kserve.never_answers": Message(
        _("The model server runs and never becomes ready."),
        _("It had %(seconds)s seconds. The submitter should look at its log; the model may take too long to load."),
    ),
    "kserve.no_capacity": Message(
        _("The cluster has no room for this model."),
        _(
            "No node has enough left of: %(lacking)s. An operator must add nodes or retire models; then it starts "
            "by itself."
        ),
    ),
    "kserve.no_pod": Message(
        _("The cluster makes no pod for this model."),
        _("Nothing happened for %(seconds)s seconds and nobody said why. An operator must look at the Deployment."),
    ),
    "kserve.node_lost": Message(
        _("The node of the replica is gone."), _("Another one takes it up by itself, if there is one.")
    ),
    "kserve.pending_too_long": Message(
        _("The replica has been pending for too long."),
        _("Nothing happened for %(seconds)s seconds and nobody said why. An operator must look at the pod's events."),
    ),
    "kserve.pod_failed": Message(
        _("The replica's pod failed."), _("The node gives as reason: %(reason)s. An operator must look at its events.")
    ),
    "kserve.pod_security": Message(
        _("The namespace's security standard refuses the model's pod."),
        _("It says: %(detail)s An operator must check what the cluster adds to pods, such as sidecars."),
    ),
    "kserve.pods_refused": Message(
        _("The cluster takes no pod for this model."), _("It says: %(detail)s An operator must act on that.")
    ),
    "kserve.predictor_unreachable": Message(
        _("The model runs and the portal does not reach it."),
        _(
            "The cluster calls the replica ready. An operator must check MODEL_COMMONS_KSERVE_PREDICTOR_URL and the "
            "namespace's network policies."
        ),
    ),
    "kserve.quota": Message(
        _("The namespace's quota is used up."),
        _("The cluster says: %(detail)s An operator must raise the quota or retire models; then it starts by itself."),
    ),
    "kserve.runs_as_root": Message(
        _("An image wants to run as root, which no model may."),
        _("The container is “%(container)s”. An operator must build that image with a user of its own."),
    ),
    "kserve.service_account_missing": Message(
        _("The account for models is missing in the namespace."),
        _("The cluster says: %(detail)s An operator must apply the manifests in deploy/ again."),
    ),
    "kserve.unschedulable": Message(
        _("No node of the cluster takes this model."),
        _("The scheduler says: %(detail)s An operator must check the nodes' taints and labels."),
    ),
}
_CONTROL = {
    "kserve.controller_down": Message(
        _("KServe does not take up its work."),
        _("Its controller has said nothing about this model. An operator must look at the kserve-controller-manager."),
    ),
    "kserve.drifted": Message(
        _("Somebody changed the replica by hand."),
        _("It is put back by itself. What shall last must be changed in the portal."),
    ),
    "kserve.image_replaced": Message(
        _("Somebody put another image in place of the approved one."),
        _("The approved one is put back by itself. An operator must find out who may write to the namespace."),
    ),
    "kserve.invalid_spec": Message(
        _("KServe does not accept this model as it is described."),
        _("It says: %(detail)s This is a fault of the portal or of an older KServe: report it."),
    ),
    "kserve.no_runtime": Message(
        _("KServe does not know the runtime."),
        _(
            "“%(runtime)s” is missing in the namespace, though the portal puts it there. An operator must look who "
            "removes it."
        ),
    ),
    "kserve.reconcile_failed": Message(
        _("KServe cannot make what the model needs."),
        _("It says: %(detail)s An operator must look at the kserve-controller-manager."),
    ),
    "kserve.route_not_ready": Message(
        _("KServe waits for the way to the model."),
        _("It says: %(detail)s An operator must check the gateway and KServe's ingress settings."),
    ),
    "kserve.runtime_disabled": Message(
        _("The runtime was switched off on the cluster."),
        _("An operator must enable the ServingRuntime “%(runtime)s” again."),
    ),
    "kserve.still_stopping": Message(
        _("A former replica of this name is still being taken away."), _("This step is repeated by itself.")
    ),
    "kserve.stopped_by_hand": Message(
        _("Somebody stopped the replica by hand."), _("It is started again by itself. To stop it, retire the version.")
    ),
    "kserve.stuck_delete": Message(
        _("The replica cannot be taken away."),
        _("These finalizers hold it: %(finalizers)s. An operator must look at the controllers that set them."),
    ),
}
_API = {
    "kserve.altered": Message(
        _("The cluster alters what the portal asks for."),
        _(
            "These fields come back otherwise or not at all: %(fields)s. An operator must look at the cluster's "
            "admission policies and at the version of KServe's definitions."
        ),
    ),
    "kserve.api_busy": Message(
        _("The cluster is too busy to answer."),
        _("It asked to come back later several times. This step is repeated by itself."),
    ),
    "kserve.api_unreachable": Message(
        _("The cluster does not answer."),
        _(
            "What is served goes on. This step is repeated by itself; if it lasts, an operator must look at the API "
            "server."
        ),
    ),
    "kserve.credentials": Message(
        _("The cluster does not believe the portal's credentials."),
        _(
            "They have expired or were withdrawn. An operator must renew the token or kubeconfig; then it goes on "
            "by itself."
        ),
    ),
    "kserve.crd_missing": Message(
        _("The cluster knows no %(kind)s."),
        _("An operator must install KServe, or the Gateway API, in a version that the portal supports."),
    ),
    "kserve.crd_old": Message(
        _("The cluster's KServe is too old for what the portal asks."),
        _("It says: %(detail)s An operator must renew KServe and its definitions."),
    ),
    "kserve.forbidden": Message(
        _("The portal lacks a right in the cluster."),
        _(
            "It may not %(verb)s %(kind)s in the namespace “%(namespace)s”. An operator must apply the role in "
            "deploy/, "
            "or correct MODEL_COMMONS_KSERVE_NAMESPACE."
        ),
    ),
    "kserve.foreign_manager": Message(
        _("Somebody else manages this object."),
        _("“%(name)s” belongs to %(managers)s, so the portal leaves it alone. An operator must decide whose it is."),
    ),
    "kserve.kubeconfig": Message(
        _("The way to the cluster is not configured."),
        _(
            "%(detail)s An operator must correct MODEL_COMMONS_KSERVE_KUBECONFIG, or run the portal in the cluster "
            "with "
            "a service account."
        ),
    ),
    "kserve.name_not_ours": Message(
        _("Another portal uses this name in the namespace."),
        _(
            "“%(name)s” in “%(namespace)s” is not this portal's. An operator must give each portal a namespace of "
            "its own."
        ),
    ),
    "kserve.namespace_missing": Message(
        _("The namespace “%(namespace)s” does not exist."),
        _("An operator must apply the manifests in deploy/, or correct MODEL_COMMONS_KSERVE_NAMESPACE."),
    ),
    "kserve.rejected": Message(
        _("The cluster rejects what the portal asks for."),
        _("It says: %(detail)s An operator must look at the cluster's policies and at the version of KServe."),
    ),
    "kserve.runtime_image_unset": Message(
        _("The runtime “%(runtime)s” has no image for the cluster."),
        _("An operator must name one in MODEL_COMMONS_KSERVE_RUNTIME_IMAGES."),
    ),
    "kserve.unrestricted": Message(
        _("The portal's own description of the replica breaks its rules."),
        _("Nothing was sent to the cluster: %(rules)s. This is a fault of the portal: report it."),
    ),
    "kserve.webhook_denied": Message(
        _("A rule of the cluster refuses the model."),
        _("“%(webhook)s” says: %(detail)s An operator must look at that rule."),
    ),
}
_ROUTES = {
    "route.ignored": Message(
        _("No gateway takes up the route to this model."),
        _(
            "The replica answers the portal, and nobody from outside. An operator must check that the gateway "
            "“%(gateway)s” exists, that its controller runs, and MODEL_COMMONS_KSERVE_GATEWAY."
        ),
    ),
    "route.lags": Message(
        _("The gateway does not take up the last change of the route to this model."),
        _(
            "Requests still go where they went before. The gateway “%(gateway)s” speaks of a former state of the route "
            "for more than five minutes. An operator must look whether its controller runs, and at its log."
        ),
    ),
    "route.refused": Message(
        _("The gateway does not accept the route to this model."),
        _(
            "The replica answers the portal, and nobody from outside. The gateway “%(gateway)s” says: %(detail)s An "
            "operator must look at its listeners and at which namespaces they allow."
        ),
    ),
}
KSERVE_MESSAGES = {**_IMAGES, **_PODS, **_CONTROL, **_API, **_ROUTES}
