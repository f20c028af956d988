"""Addresses of a draft's steps, and of what its pages ask for."""

from django.urls import path

from registry.views.draft import basics, card, examples, files, finish

urlpatterns = [
    path("submit/", basics.submit, name="submit"),
    path("submit/name/", basics.name_check, name="name_check"),
    path("drafts/<int:pk>/", finish.draft, name="draft"),
    path("drafts/<int:pk>/basics/", basics.draft_basics, name="draft_basics"),
    path("drafts/<int:pk>/files/", files.draft_files, name="draft_files"),
    path("drafts/<int:pk>/files/rows/", files.draft_file_rows, name="draft_file_rows"),
    path("drafts/<int:pk>/files/add/", files.file_add, name="file_add"),
    path("drafts/<int:version_pk>/files/<int:pk>/remove/", files.file_remove, name="file_remove"),
    path("drafts/<int:version_pk>/uploads/<uuid:upload_pk>/cancel/", files.upload_cancel, name="upload_cancel"),
    path("drafts/<int:version_pk>/uploads/<uuid:upload_pk>/retry/", files.upload_retry, name="upload_retry"),
    path("drafts/<int:pk>/card/", card.draft_card, name="draft_card"),
    path("drafts/<int:pk>/card/preview/", card.card_preview, name="card_preview"),
    path("drafts/<int:pk>/examples/", examples.draft_examples, name="draft_examples"),
    path("drafts/<int:pk>/examples/trial/", examples.draft_trial, name="draft_trial"),
    path("drafts/<int:pk>/check/", finish.check, name="check"),
    path("drafts/<int:pk>/delete/", finish.draft_delete, name="draft_delete"),
    path("versions/<int:pk>/progress/", finish.version_progress, name="version_progress"),
    path("versions/<int:pk>/submit/", finish.version_submit, name="version_submit"),
]
