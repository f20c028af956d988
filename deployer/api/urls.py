"""Addresses of the REST API, version 1: packaging, serving and operations."""

from django.urls import path

from deployer.api import builds, endpoints, operations, rollouts

app_name = "deployer_api"
urlpatterns = [
    path("builds/", builds.Builds.as_view(), name="builds"),
    path("builds/<int:pk>/", builds.Build.as_view(), name="build"),
    path("builds/<int:pk>/log/", builds.Log.as_view(), name="build_log"),
    path("builds/<int:pk>/log/raw/", builds.RawLog.as_view(), name="build_raw_log"),
    path("builds/<int:pk>/retry/", builds.Retry.as_view(), name="build_retry"),
    path("builds/<int:pk>/cancel/", builds.Cancel.as_view(), name="build_cancel"),
    path("rollouts/", rollouts.Rollouts.as_view(), name="rollouts"),
    path("rollouts/<int:pk>/", rollouts.OneRollout.as_view(), name="rollout"),
    path("rollouts/<int:pk>/output/", rollouts.Output.as_view(), name="rollout_output"),
    path("rollouts/<int:pk>/retry/", rollouts.Retry.as_view(), name="rollout_retry"),
    path("rollouts/<int:pk>/restore/", rollouts.Restore.as_view(), name="rollout_restore"),
    path("endpoints/", endpoints.Endpoints.as_view(), name="endpoints"),
    path("endpoints/<slug:name>/", endpoints.OneEndpoint.as_view(), name="endpoint"),
    path("endpoints/<slug:name>/example/", endpoints.Example.as_view(), name="endpoint_example"),
    path("endpoints/<slug:name>/figures/", endpoints.EndpointFigures.as_view(), name="endpoint_figures"),
    path("operations/", operations.Operations.as_view(), name="operations"),
    path("operations/capacity/", operations.Machine.as_view(), name="capacity"),
    path("operations/figures/", operations.OperationsFigures.as_view(), name="request_figures"),
    path("deployments/", operations.Deployments.as_view(), name="deployments"),
]
