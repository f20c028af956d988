"""The environment variables of serving on a cluster; with those of `env.py` they make one table."""

from __future__ import annotations

from portal.env_parsers import address_of, choice, pairs, positive, words
from portal.env_variables import declare

NAMESPACE = declare(
    "MODEL_COMMONS_KSERVE_NAMESPACE", "models", str, "Namespace of the cluster in which models are served."
)
PORTAL = declare(
    "MODEL_COMMONS_KSERVE_PORTAL",
    "",
    str,
    "Name by which this portal knows its own objects there; empty: the host of MODEL_COMMONS_SITE_URL.",
)
KUBECONFIG = declare(
    "MODEL_COMMONS_KSERVE_KUBECONFIG", "", str, "File with the way to the cluster; empty: the pod's service account."
)
CONTEXT = declare("MODEL_COMMONS_KSERVE_CONTEXT", "", str, "Context in that file; empty: its present one.")
REGISTRY = declare(
    "MODEL_COMMONS_KSERVE_REGISTRY",
    "",
    str,
    "Host and port by which the cluster calls the OCI registry; empty: those of MODEL_COMMONS_OCI_REGISTRY_URL.",
)
STORAGE = declare(
    "MODEL_COMMONS_KSERVE_STORAGE",
    "oci+native",
    choice("oci+native", "oci+fetch", "oci"),
    "How images reach a pod: as image volumes (Kubernetes 1.35), fetched by KServe 0.21, or as modelcars.",
)
RUNTIME_IMAGES = declare(
    "MODEL_COMMONS_KSERVE_RUNTIME_IMAGES",
    "",
    pairs,
    "Image of each runtime's model server, as runtime=image,…, made by deployer/runtimes/Containerfile.",
)
PULL_SECRETS = declare(
    "MODEL_COMMONS_KSERVE_PULL_SECRETS", "", words, "Secrets in the namespace with which images are pulled."
)
SERVICE_ACCOUNT = declare(
    "MODEL_COMMONS_KSERVE_SERVICE_ACCOUNT", "models", str, "Account of the models' pods, which needs no right at all."
)
RUNTIME_CLASS = declare(
    "MODEL_COMMONS_KSERVE_RUNTIME_CLASS",
    "",
    str,
    "RuntimeClass of the models' pods, as gvisor; empty: the default.",
)
PRIORITY_CLASS = declare(
    "MODEL_COMMONS_KSERVE_PRIORITY_CLASS", "", str, "PriorityClass of the models' pods; empty: the default."
)
CORES = declare(
    "MODEL_COMMONS_KSERVE_CORES",
    "32",
    positive,
    "Processor cores that all models there may ask for together, as the namespace's quota says.",
)
MEMORY_BYTES = declare(
    "MODEL_COMMONS_KSERVE_MEMORY_BYTES",
    str(128 * 1024**3),
    positive,
    "Memory that all models there may ask for together, in bytes, as the namespace's quota says.",
)
GATEWAY = declare(
    "MODEL_COMMONS_KSERVE_GATEWAY",
    "",
    str,
    "Gateway that sends consumers straight to models, as namespace/name; empty: all go through the portal.",
)
GATEWAY_HOSTS = declare(
    "MODEL_COMMONS_KSERVE_GATEWAY_HOSTS", "", words, "Host names at that gateway; empty: all that it listens to."
)
PREDICTOR_URL = declare(
    "MODEL_COMMONS_KSERVE_PREDICTOR_URL",
    "http://{name}-predictor.{namespace}.svc.cluster.local",
    address_of("http", "https"),
    "Address at which the portal reaches a model; {name} and {namespace} are filled in.",
)
START_SECONDS = declare(
    "MODEL_COMMONS_KSERVE_START_SECONDS", "300", positive, "Longest time that a model may take to become ready there."
)
