"""The portal's addresses: each app brings its own."""

from django.contrib import admin
from django.urls import include, path

from portal import health, views

handler500 = "portal.views.server_error"
urlpatterns = [
    path("", include("registry.urls")),
    path("", include("deployer.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("language/", views.language, name="language"),
    path("theme/", views.theme, name="theme"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
