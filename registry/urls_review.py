"""Addresses of the review desk."""

from django.urls import path

from registry.views import moderation, review_acts, review_desk, reviewer

urlpatterns = [
    path("", review_desk.review_queue, name="review_queue"),
    path("past/", review_desk.review_past, name="review_past"),
    path("shortcuts/", review_desk.review_shortcuts, name="review_shortcuts"),
    path("threads/<int:pk>/", review_acts.thread, name="thread"),
    path("threads/<int:pk>/resolve/", review_acts.thread_resolve, name="thread_resolve"),
    path("comments/<int:pk>/hide/", moderation.comment_hide, name="comment_hide"),
    path("statements/<int:pk>/hide/", moderation.review_hide, name="review_hide"),
    path("<int:pk>/", reviewer.review, name="review"),
    path("<int:pk>/files/", reviewer.review_files, name="review_files"),
    path("<int:version_pk>/files/<int:pk>/viewed/", review_acts.file_viewed, name="file_viewed"),
    path("<int:pk>/conversation/", reviewer.review_conversation, name="review_conversation"),
    path("<int:pk>/history/", reviewer.review_history, name="review_history"),
    path("<int:pk>/claim/", review_acts.review_claim, name="review_claim"),
    path("<int:pk>/release/", review_acts.review_release, name="review_release"),
    path("<int:pk>/comment/", review_acts.thread_new, name="thread_new"),
]
