"""The portal's addresses: each app brings its own."""

from django.contrib import admin
from django.urls import include, path, re_path

from portal import health, metrics, views
from registry.api.base import unknown

handler400 = "portal.error_pages.bad_request"
handler403 = "portal.error_pages.forbidden"
handler404 = "portal.error_pages.not_found"
handler429 = "portal.error_pages.too_many_requests"  # django-allauth's rate limits look for it here
handler500 = "portal.error_pages.server_error"
urlpatterns = [
    path("", include("registry.urls")),
    path("", include("deployer.urls")),
    path("api/v1/", include("registry.api.urls")),
    path("api/v1/", include("deployer.api.urls")),
    re_path("^api/", unknown, name="api_unknown"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("language/", views.language, name="language"),
    path("theme/", views.theme, name="theme"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
]
