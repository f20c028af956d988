"""Addresses of the upload server; the collection ends in a slash, and an upload's id follows it."""

from django.urls import path

from registry.uploads import views

urlpatterns = [
    path("", views.uploads, name="uploads"),
    path("<str:upload_id>", views.upload, name="upload"),
]
