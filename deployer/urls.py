"""Addresses of packaging, serving and operations, and of the open inference API."""

from django.urls import path, re_path

from deployer import gateway
from deployer.views import backends, builds, endpoints, operations, rollouts, statements

app_name = "deployer"
urlpatterns = [
    path("operations/", operations.overview_page, name="operations"),
    path("operations/figures/", operations.figures, name="operations_figures"),
    path("operations/requests.csv", operations.figures_csv, name="operations_csv"),
    path("operations/builds.csv", operations.builds_csv, name="operations_builds_csv"),
    path("operations/backends/", backends.backends, name="backends"),
    path("builds/", builds.listing, name="builds"),
    path("builds/<int:pk>/", builds.detail, name="build"),
    path("builds/<int:pk>/progress/", builds.progress, name="build_progress"),
    path("builds/<int:pk>/log/", builds.log, name="build_log"),
    path("builds/<int:pk>/log.txt", builds.raw_log, name="build_raw_log"),
    path("builds/<int:pk>/provenance.json", statements.provenance, name="build_provenance"),
    path("builds/<int:pk>/retry/", builds.retry, name="build_retry"),
    path("builds/<int:pk>/cancel/", builds.cancel, name="build_cancel"),
    path("signing-keys.pem", statements.signing_keys, name="signing_keys"),
    path("rollouts/", rollouts.listing, name="rollouts"),
    path("rollouts/<int:pk>/", rollouts.detail, name="rollout"),
    path("rollouts/<int:pk>/progress/", rollouts.progress, name="rollout_progress"),
    path("rollouts/<int:pk>/retry/", rollouts.retry, name="rollout_retry"),
    path("rollouts/<int:pk>/restore/", rollouts.restore, name="rollout_restore"),
    path("endpoints/", endpoints.listing, name="endpoints"),
    path("endpoints/<slug:name>/", endpoints.detail, name="endpoint"),
    path("endpoints/<slug:name>/try/", endpoints.try_it, name="endpoint_try"),
    path("endpoints/<slug:name>/figures.csv", endpoints.figures_csv, name="endpoint_figures"),
    path("endpoints/<slug:name>/example.json", endpoints.example, name="endpoint_example"),
    path("serve/v2", gateway.server_metadata, name="v2_server"),
    path("serve/v2/health/live", gateway.server_live, name="v2_live"),
    path("serve/v2/health/ready", gateway.server_ready, name="v2_server_ready"),
    path("serve/v2/models", gateway.models, name="v2_models"),
    path("serve/v2/models/<slug:name>", gateway.v2_metadata, name="v2_metadata"),
    path("serve/v2/models/<slug:name>/ready", gateway.v2_ready, name="v2_ready"),
    path("serve/v2/models/<slug:name>/infer", gateway.v2_infer, name="v2_infer"),
    path("serve/v1/models", gateway.models, name="v1_models"),
    path("serve/v1/models/<slug:name>", gateway.v1_status, name="v1_status"),
    path("serve/v1/models/<slug:name>:predict", gateway.v1_predict, name="v1_predict"),
    re_path(r"^serve/", gateway.unknown, name="serve_unknown"),
]
