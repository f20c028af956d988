"""Addresses of what people do with one another: notifications, watching."""

from django.urls import path

from registry.views import discussion, notifications

urlpatterns = [
    path("notifications/", notifications.inbox, name="notifications"),
    path("notifications/<int:pk>/", notifications.follow, name="notification"),
    path("notifications/read/", notifications.mark_read, name="notifications_read"),
    path("notifications/unsubscribe/<str:token>/", notifications.unsubscribe, name="unsubscribe"),
    path("account/notifications/", notifications.settings_page, name="notification_settings"),
    path("models/<slug:owner>/<slug:name>/discussion/", discussion.discussion, name="model_discussion"),
    path("models/<slug:owner>/<slug:name>/discussion/<int:pk>/", discussion.topic, name="discussion_topic"),
    path("models/<slug:owner>/<slug:name>/discussion/<int:pk>/edit/", discussion.edit, name="discussion_edit"),
    path("models/<slug:owner>/<slug:name>/discussion/<int:pk>/hide/", discussion.hide, name="discussion_hide"),
    path("models/<slug:owner>/<slug:name>/watch/", notifications.watch, name="watch"),
]
