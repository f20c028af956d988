"""Addresses of the REST API, version 1: registration and review."""

from django.urls import path

from registry.api import catalogue, desk, documents, inbox, log, me, reviews, uploads, versions

app_name = "api"
urlpatterns = [
    path("", documents.docs, name="docs"),
    path("schema/", documents.schema, name="schema"),
    path("problems/", documents.problem_list, name="problems"),
    path("me/", me.Me.as_view(), name="me"),
    path("models/", catalogue.Models.as_view(), name="models"),
    path("models/<slug:owner>/<slug:name>/", catalogue.Model.as_view(), name="model"),
    path("models/<slug:owner>/<slug:name>/versions/", catalogue.ModelVersions.as_view(), name="model_versions"),
    path("versions/<int:pk>/", versions.Version.as_view(), name="version"),
    path("versions/<int:pk>/examples/", versions.Examples.as_view(), name="examples"),
    path("versions/<int:pk>/files/", versions.Files.as_view(), name="files"),
    path("versions/<int:version_id>/files/<int:pk>/", versions.File.as_view(), name="file"),
    path("versions/<int:version_id>/files/<int:pk>/content/", versions.FileContent.as_view(), name="file_content"),
    path("versions/<int:pk>/uploads/", uploads.Uploads.as_view(), name="uploads"),
    path("versions/<int:pk>/checks/", versions.Checks.as_view(), name="checks"),
    path("versions/<int:pk>/trial-run/", versions.TrialRun.as_view(), name="trial_run"),
    path("versions/<int:pk>/reviews/", reviews.Reviews.as_view(), name="reviews"),
    path("versions/<int:pk>/check/", versions.Check.as_view(), name="check"),
    path("versions/<int:pk>/submit/", versions.Submit.as_view(), name="submit"),
    path("versions/<int:pk>/withdraw/", versions.Withdraw.as_view(), name="withdraw"),
    path("versions/<int:pk>/reopen/", versions.Reopen.as_view(), name="reopen"),
    path("versions/<int:pk>/retry/", versions.Retry.as_view(), name="retry"),
    path("versions/<int:pk>/retire/", versions.Retire.as_view(), name="retire"),
    path("versions/<int:pk>/claim/", desk.Claim.as_view(), name="claim"),
    path("versions/<int:pk>/threads/", desk.Threads.as_view(), name="threads"),
    path("threads/<int:pk>/", desk.OneThread.as_view(), name="thread"),
    path("threads/<int:pk>/comments/", desk.Comments.as_view(), name="thread_comments"),
    path("models/<slug:owner>/<slug:name>/watch/", inbox.Watching.as_view(), name="watch"),
    path("notifications/", inbox.Notifications.as_view(), name="notifications"),
    path("notifications/<int:pk>/", inbox.OneNotification.as_view(), name="notification"),
    path("uploads/<uuid:upload_id>/", uploads.OneUpload.as_view(), name="upload"),
    path("reviews/", reviews.ReviewQueue.as_view(), name="review_queue"),
    path("events/", log.Events.as_view(), name="events"),
    path("events/<int:pk>/", log.OneEvent.as_view(), name="event"),
]
