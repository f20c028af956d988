"""Addresses of registration and review."""

from django.urls import include, path

from registry import sitemaps
from registry.urls_community import urlpatterns as community
from registry.urls_drafts import urlpatterns as drafts
from registry.urls_review import urlpatterns as reviews
from registry.views import account, catalogue, compare, help_pages, log, model_pages, public, tokens, volunteer

app_name = "registry"
model_urls = [
    path("", model_pages.model, name="model"),
    path("versions/", model_pages.versions, name="model_versions"),
    path("versions/<int:number>/", model_pages.version, name="version"),
    path("versions/new/", volunteer.version_start, name="version_start"),
    path("files/", model_pages.files, name="model_files"),
    path("files/<int:number>/", model_pages.files, name="version_files"),
    path("files/<int:number>/<path:path>", model_pages.file_page, name="file_page"),
    path("compare/", compare.compare_versions, name="model_compare"),
    path("use/", model_pages.use, name="model_use"),
    path("deployments/", model_pages.deployments, name="model_deployments"),
    path("log/", model_pages.log, name="model_log"),
    path("log/feed.atom", log.model_feed, name="model_feed"),
]
urlpatterns = [
    path("", public.home, name="home"),
    path("robots.txt", public.robots, name="robots"),
    path("sitemap.xml", sitemaps.index, name="sitemaps"),
    path("sitemap-<slug:section>.xml", sitemaps.section, name="sitemap"),
    path("models/", catalogue.catalogue, name="catalogue"),
    path("models/<slug:owner>/<slug:name>/", include(model_urls)),
    path("files/<int:version_pk>/<int:pk>/", public.download, name="file"),
    path("log/", log.event_log, name="event_log"),
    path("log/feed.atom", log.log_feed, name="log_feed"),
    path("log/<int:pk>/", log.event, name="event"),
    path("mine/", volunteer.my_models, name="my_models"),
    path("versions/<int:pk>/withdraw/", volunteer.version_withdraw, name="version_withdraw"),
    path("versions/<int:pk>/reopen/", volunteer.version_reopen, name="version_reopen"),
    path("versions/<int:pk>/retry/", volunteer.version_retry, name="version_retry"),
    path("versions/<int:pk>/retire/", volunteer.version_retire, name="version_retire"),
    path("account/tokens/", tokens.tokens, name="tokens"),
    path("account/tokens/<int:pk>/revoke/", tokens.token_revoke, name="token_revoke"),
    path("help/", help_pages.help_index, name="help"),
    path("help/<slug:topic>/", help_pages.help_topic, name="help_topic"),
    path("about/", help_pages.about, name="about"),
    path("account/security/", account.account_security, name="account_security"),
    path("reviews/", include(reviews)),
    *community,
    *drafts,
    path("uploads/", include("registry.uploads.urls")),
]
