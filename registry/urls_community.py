"""Addresses of what people do with one another: notifications, watching, discussions, reports, profiles."""

from django.urls import path

from registry.views import discussion, notifications, profiles, reports

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
    path("models/<slug:owner>/<slug:name>/report/", reports.report, name="report_model"),
    path("users/<slug:username>/", profiles.profile, name="profile"),
    path("account/profile/", profiles.profile_edit, name="profile_edit"),
    path("reports/", reports.report_desk, name="reports"),
    path("reports/<int:pk>/", reports.report_page, name="report"),
    path("reports/<int:pk>/assign/", reports.report_assign, name="report_assign"),
    path("models/<slug:owner>/<slug:name>/watch/", notifications.watch, name="watch"),
]
