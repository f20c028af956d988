"""Addresses below `/accounts/`, as allauth's own provider has them."""

from django.urls import path

from registry.sign_in.openid_connect import views

urlpatterns = [
    path("oidc/<slug:provider_id>/login/", views.login, name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", views.callback, name="openid_connect_callback"),
]
