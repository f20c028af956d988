"""Addresses of what people do with one another: notifications, watching."""

from django.urls import path

from registry.views import notifications

urlpatterns = [
    path("notifications/", notifications.inbox, name="notifications"),
    path("notifications/<int:pk>/", notifications.follow, name="notification"),
    path("notifications/read/", notifications.mark_read, name="notifications_read"),
    path("notifications/unsubscribe/<str:token>/", notifications.unsubscribe, name="unsubscribe"),
    path("account/notifications/", notifications.settings_page, name="notification_settings"),
    path("models/<slug:owner>/<slug:name>/watch/", notifications.watch, name="watch"),
]
