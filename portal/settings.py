"""Django's settings: wiring only. What may differ between installations is declared in `env.py`."""

from __future__ import annotations

from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.conf.locale import LANG_INFO
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal import cluster, env, env_kserve, production
from portal.data_folder import load_secret_key, load_signing_key, made_folder
from portal.env_parsers import ROOT
from portal.logs import logging_settings
from portal.object_storage import upload_origins
from portal.sign_in import *  # noqa: F403  # each name there is a setting
from portal.sign_in import ACCOUNT_EMAIL_VERIFICATION, SIGN_IN_APPS

BASE_DIR = ROOT
DATA_DIR = env.DATA_DIR
DEBUG = env.DEBUG
SECRET_KEY = env.SECRET_KEY or load_secret_key(DATA_DIR)
SECRET_KEY_FALLBACKS = env.SECRET_KEY_FALLBACKS
SIGNING_KEY = env.SIGNING_KEY or load_signing_key(DATA_DIR)
SIGNING_FORMER_KEYS_FILE = env.SIGNING_FORMER_KEYS_FILE
production.refuse(
    production.chosen(env, secret_key=SECRET_KEY, mail_is_needed=ACCOUNT_EMAIL_VERIFICATION == "mandatory")
)
ALLOWED_HOSTS = env.ALLOWED_HOSTS
SITE_URL = env.SITE_URL.rstrip("/")
SITE_NAME = "Model Commons"
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{SITE_NAME}] "
CONTACT = env.CONTACT

INSTALLED_APPS = [
    "portal.apps.PortalConfig",
    "registry.apps.RegistryConfig",
    "deployer.apps.DeployerConfig",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    *SIGN_IN_APPS,
    "csp",
    "django_htmx",
]
MIDDLEWARE = [
    "portal.metrics.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "portal.answers.HeadersMiddleware",
    "portal.answers.CompressionMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.RequestIdMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "portal.health.CommonMiddleware",
    "portal.bodies.BodiesMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.middleware.AccountLanguageMiddleware",
    "registry.sign_in.middleware.SessionActivityMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.answers.ErrorPagesMiddleware",
    "portal.middleware.PortalErrorMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.navigation",
            ],
        },
    },
]

# WAL with IMMEDIATE transactions and a long timeout is what lets many processes write to one SQLite file.
SQLITE_OPTIONS: dict[str, Any] = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    # Each thread keeps a connection, and each connection its prepared statements: 128 by default take a megabyte.
    "cached_statements": 16,
}
# A database that is away shall be an answer, not a wait: seconds to connect, and ms until unanswered bytes are an end.
POSTGRES_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
if env.DATABASE_URL:
    _database: dict[str, Any] = {**dj_database_url.parse(env.DATABASE_URL, conn_max_age=60, conn_health_checks=True)}
    _database["OPTIONS"] = POSTGRES_OPTIONS | _database.get("OPTIONS", {})
    DATABASES: dict[str, dict[str, Any]] = {"default": _database}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "portal.sqlite3",
            "OPTIONS": SQLITE_OPTIONS,
            # To open it costs more than most queries, as each connection reads the whole schema first.
            "CONN_MAX_AGE": 60,
        },
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Rate limits live in the cache, so it must be one that all web processes share, and so large that nobody can crowd out
# the counts about an account by tries at others.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "portal.cache.SoftRedisCache",
        "LOCATION": env.REDIS_URL,
        "KEY_PREFIX": "portal",
        "OPTIONS": {
            "serializer": "portal.cache.JsonSerializer",
            "socket_connect_timeout": 1.0,
            "socket_timeout": 1.0,
            # One more try without a pause: a restarted server has dropped the connections that are kept here.
            "retry": Retry(NoBackoff(), 1),
        },
    }
    if env.REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "portal_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
}

AUTH_USER_MODEL = "registry.Account"

LANGUAGE_CODE = "en"
# Each language is named in itself, for people who read no other.
LANGUAGES = [(code, LANG_INFO.get(code, {}).get("name_local", code)) for code in env.LANGUAGES]
LOCALE_PATHS = [*([env.LOCALE_DIR] if env.LOCALE_DIR else []), BASE_DIR / "portal" / "locale"]
FORMAT_MODULE_PATH = ["portal.formats"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = env.TRUST_PROXY
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = env.STATIC_DIR or DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "vendor-static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_TEMP_DIR = made_folder(DATA_DIR / "tmp")  # Django refuses to start where it is missing
FILE_UPLOAD_HANDLERS = ["portal.bodies.BoundedFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024**2

EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if env.SMTP_HOST
    else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST, EMAIL_PORT = env.SMTP_HOST, env.SMTP_PORT
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.SMTP_USER, env.SMTP_PASSWORD
EMAIL_USE_TLS, EMAIL_USE_SSL = env.SMTP_SECURITY == "starttls", env.SMTP_SECURITY == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.EMAIL_FROM
# Mail is written by workers, which know of no request.
MAIL_ORIGIN = SITE_URL or f"http://127.0.0.1:{env.PORT}"
REPORTS_PER_HOUR = env.REPORTS_PER_HOUR
NOTIFICATION_DAYS = env.NOTIFICATION_DAYS
IDEMPOTENCY_HOURS = env.IDEMPOTENCY_HOURS
NOTIFICATION_MAIL_DELAY_SECONDS = env.NOTIFICATION_MAIL_DELAY_SECONDS
NOTIFICATION_MAIL_PAUSE_MINUTES = env.NOTIFICATION_MAIL_PAUSE_MINUTES

UPLOAD_ORIGINS = upload_origins(
    public_url=env.S3_PUBLIC_URL, bucket=env.S3_BUCKET, path_style=env.S3_ADDRESSING == "path"
)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, *UPLOAD_ORIGINS],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
CSRF_FAILURE_VIEW = "portal.error_pages.csrf_failure"
CSRF_COOKIE_HTTPONLY = True  # forms carry the token; no script reads the cookie
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]  # supervisors ask the process itself, without the proxy
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = env.TRUST_PROXY
if env.TRUST_PROXY:  # browsers take such cookies over HTTPS from this very host only
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
SECURE_HSTS_SECONDS = 31_536_000 if env.TRUST_PROXY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = env.TRUST_PROXY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.TRUST_PROXY else None

# Outside systems: a class and its options, built in one place per app (`backends.py`).
BACKENDS: dict[str, dict[str, Any]] = {
    "blob_store": {"class": "registry.artifacts.folder.FolderBlobStore", "options": {"root": DATA_DIR / "blobs"}},
    "file_inspector": {"class": "registry.inspectors.ChildProcessInspector", "options": {}},
    "pickle_scanner": {"class": "registry.scanners.PicklescanScanner", "options": {}},
    "runtime_catalogue": {"class": "deployer.runtimes.catalogue.PortalRuntimeCatalogue", "options": {}},
    "serving_directory": {"class": "deployer.directory.EndpointDirectory", "options": {}},
    "image_builder": {"class": "deployer.builders.local.LocalImageBuilder", "options": {"root": DATA_DIR / "images"}},
    "traffic_router": {"class": "deployer.serving.local_router.LocalRouter", "options": {}},
    "serving": {
        "class": "deployer.serving.local.LocalServingBackend",
        "options": {
            "state_dir": DATA_DIR / "serving",
            "environments_dir": DATA_DIR / "environments",
            "request_timeout": float(env.GATEWAY_TIMEOUT_SECONDS),
            "sandbox": env.SERVING_SANDBOX,
        },
    },
}
if env.S3_BUCKET:
    S3: dict[str, Any] = {
        "bucket": env.S3_BUCKET,
        "endpoint_url": env.S3_ENDPOINT_URL,
        "region": env.S3_REGION,
        "access_key": env.S3_ACCESS_KEY_ID,
        "secret_key": env.S3_SECRET_ACCESS_KEY,
        "ca_file": env.S3_CA_FILE,
        "path_style": env.S3_ADDRESSING == "path",
        "prefix": env.S3_PREFIX,
    }
    BACKENDS["blob_store"] = {
        "class": "registry.artifacts.s3.s3_blob_store",
        "options": {**S3, "cache_dir": DATA_DIR / "blob-cache", "cache_bytes": env.S3_CACHE_BYTES},
    }
    if env.S3_PUBLIC_URL:
        BACKENDS["direct_uploads"] = {
            "class": "registry.artifacts.s3_direct.s3_direct_uploads",
            "options": {**S3, "public_url": env.S3_PUBLIC_URL},
        }
if env.OCI_REGISTRY_URL:
    BACKENDS["image_builder"] = {
        "class": "deployer.builders.oci_registry.RegistryImageBuilder",
        "options": {
            "root": DATA_DIR / "images",
            "registry_url": env.OCI_REGISTRY_URL,
            "quarantine": env.OCI_QUARANTINE_REPOSITORY,
            "approved": env.OCI_APPROVED_REPOSITORY,
        },
    }
if env.SERVING == "kserve":
    CLUSTER = {"cluster": cluster.options(env, env_kserve)}
    BACKENDS["serving"] = {
        "class": "deployer.serving.kserve.KServeBackend",
        "options": CLUSTER,
        "capacity": {"cpu_millis": env_kserve.CORES * 1000, "memory_bytes": env_kserve.MEMORY_BYTES},
    }
    if env_kserve.GATEWAY:
        BACKENDS["traffic_router"] = {"class": "deployer.serving.kserve_router.KServeRouter", "options": CLUSTER}
OCI_REGISTRY: dict[str, Any] = {
    "username": env.OCI_REGISTRY_USERNAME,
    "password_file": env.OCI_REGISTRY_PASSWORD_FILE,
    "ca_file": env.OCI_REGISTRY_CA_FILE,
    "chunk_bytes": env.OCI_REGISTRY_CHUNK_BYTES,
}
UPLOADS_DIR = DATA_DIR / "uploads"
LIMITS = {
    "max_file_bytes": env.MAX_FILE_BYTES,
    "max_version_bytes": env.MAX_VERSION_BYTES,
    "max_version_files": env.MAX_VERSION_FILES,
    "account_quota_bytes": env.ACCOUNT_QUOTA_BYTES,
    "upload_expiry_hours": env.UPLOAD_EXPIRY_HOURS,
    "form_upload_max_bytes": env.FORM_UPLOAD_MAX_BYTES,
    "uploads_at_once_per_account": env.UPLOADS_AT_ONCE,
    "uploads_at_once_per_process": max(1, env.WEB_THREADS - 4),  # pages keep some threads for themselves
    "disk_reserve_bytes": env.DISK_RESERVE_BYTES,
    "card_max_bytes": 20_000,
    "gateway_max_bytes": env.GATEWAY_MAX_BYTES,
}
TARGETS: dict[str, float] = {
    "p95_ms": env.TARGET_P95_MS,
    "error_percent": env.TARGET_ERROR_PERCENT,
    "review_hours": env.TARGET_REVIEW_HOURS,
}
REQUIRED_APPROVALS = env.REQUIRED_APPROVALS
TOKEN_MAX_DAYS = env.TOKEN_MAX_DAYS
REVIEW_CLAIM_HOURS = env.REVIEW_CLAIM_HOURS
API_RATES = {"address": env.API_RATE_ADDRESS, "account": env.API_RATE_ACCOUNT, "token": env.API_RATE_TOKEN}
REST_FRAMEWORK = {"URL_FORMAT_OVERRIDE": None}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{SITE_NAME} API",
    "DESCRIPTION": "Whatever the pages can do, for programs: models, versions, uploads, reviews, builds and rollouts.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "SORT_OPERATIONS": False,
    "ENUM_NAME_OVERRIDES": {
        "ImageBuildState": "deployer.models.ImageBuildState",
        "RolloutState": "deployer.models.RolloutState",
        "Health": "deployer.models.Health",
        "ReportState": "registry.models.ReportState",
        "FileChangeKind": ["added", "removed", "replaced"],
        "PhaseState": ["done", "current", "failed", "todo"],
    },
}
METRICS_TOKEN = env.METRICS_TOKEN
METRICS_NETWORKS = env.METRICS_NETWORKS
WORKER_PULSE_FILE = env.WORKER_PULSE_FILE
SWEEP_SECONDS = env.SWEEP_SECONDS
REQUEST_FIGURES_PERIOD: float | None = 5.0  # seconds that a web process may hold figures back; None: never writes
LEASE_SECONDS = env.LEASE_SECONDS
JOB_HISTORY_DAYS = env.JOB_HISTORY_DAYS
GATEWAY_TIMEOUT_SECONDS = env.GATEWAY_TIMEOUT_SECONDS

CELERY_BROKER_URL = env.REDIS_URL or f"sqla+sqlite:///{DATA_DIR / 'doorbell.sqlite3'}"
# A page that rings must not wait for a broker that is away: the sweep finds the job.
REDIS_TRANSPORT_OPTIONS = {"max_retries": 0, "socket_connect_timeout": 1.0, "socket_timeout": 3.0}
CELERY_BROKER_TRANSPORT_OPTIONS = REDIS_TRANSPORT_OPTIONS if env.REDIS_URL else {}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker however long it takes
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20.0
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]

LOGGING = logging_settings(env.LOG_FORMAT)
