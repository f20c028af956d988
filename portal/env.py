"""Every environment variable, declared once: name, default, parser and a line of documentation.

`python -m portal.env` prints the table that stands in the README.
"""

from __future__ import annotations

from portal.env_parsers import (
    address_of,
    boolean,
    choice,
    folder,
    key_prefix,
    networks,
    not_negative,
    optional_folder,
    percentage,
    port,
    positive,
    rate,
    registry_address,
    repository,
    web_address,
    words,
)
from portal.env_variables import DECLARED, declare, secret

GIB = 1024**3


DATA_DIR = declare(
    "MODEL_COMMONS_DATA_DIR", "var", folder, "All state of an embedded installation; deleting it is a factory reset."
)
DEBUG = declare("MODEL_COMMONS_DEBUG", "false", boolean, "Django's debug mode; never in production.")
PRODUCTION = declare(
    "MODEL_COMMONS_PRODUCTION",
    "false",
    boolean,
    "Real use by others: refuses to start with what is for trying out alone, and says what to set instead.",
)
SINGLE_MACHINE = declare(
    "MODEL_COMMONS_SINGLE_MACHINE",
    "false",
    boolean,
    "This production installation is one machine on purpose; else check --deploy refuses parts that cannot be shared.",
)
SECRET_KEY = secret(
    "MODEL_COMMONS_SECRET_KEY",
    "Signs sessions and seals second factors; empty: made once and kept in the data folder.",
)
SECRET_KEY_FALLBACKS = words(
    secret("MODEL_COMMONS_SECRET_KEY_FALLBACKS", "Former keys that are still believed while a new one takes over.")
)
SIGNING_KEY = secret(
    "MODEL_COMMONS_SIGNING_KEY",
    "Signs images and their provenance, as PEM, on P-256; empty: made once and kept in the data folder.",
)
SIGNING_FORMER_KEYS_FILE = declare(
    "MODEL_COMMONS_SIGNING_FORMER_KEYS_FILE",
    "",
    str,
    "Public keys, as PEM, that signed earlier and are still published.",
)
ALLOWED_HOSTS = declare(
    "MODEL_COMMONS_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", words, "Host names that the portal answers to."
)
SITE_URL = declare(
    "MODEL_COMMONS_SITE_URL", "", web_address, "Public address in snippets and mail; empty: taken from the request."
)
TRUST_PROXY = declare(
    "MODEL_COMMONS_TRUST_PROXY",
    "false",
    boolean,
    "Believe X-Forwarded-Proto and -For from one proxy in front; sends HTTPS-only cookies.",
)
LISTEN_HOST = declare("MODEL_COMMONS_LISTEN_HOST", "127.0.0.1", str, "Address that the web server binds.")
PORT = declare("MODEL_COMMONS_PORT", "8000", port, "Port that the web server binds.")
WEB_PROCESSES = declare("MODEL_COMMONS_WEB_PROCESSES", "1", positive, "Web server processes.")
WEB_THREADS = declare(
    "MODEL_COMMONS_WEB_THREADS", "64", positive, "Threads per web process; slow uploads each hold one."
)
WORKER_PROCESSES = declare("MODEL_COMMONS_WORKER_PROCESSES", "2", positive, "Jobs that one worker runs at a time.")
LOG_FORMAT = declare(
    "MODEL_COMMONS_LOG_FORMAT",
    "line",
    choice("line", "json"),
    "Log lines for people, or as JSON with request and job ids and a line for each request.",
)
METRICS_TOKEN = secret(
    "MODEL_COMMONS_METRICS_TOKEN", "Token that Prometheus must bring to /metrics; empty: its address decides."
)
METRICS_NETWORKS = declare(
    "MODEL_COMMONS_METRICS_NETWORKS",
    "127.0.0.0/8,::1/128",
    networks,
    "Networks from which /metrics answers without a token, to whoever comes past no proxy.",
)
DEMO = declare(
    "MODEL_COMMONS_DEMO",
    "true",
    boolean,
    "Create demo accounts and seed the four first models; switch off for real use.",
)
LANGUAGES = declare(
    "MODEL_COMMONS_LANGUAGES",
    "en,ar,de,es",
    words,
    "Languages to choose from, as codes; English is the one that stands in where a text is missing.",
)
STATIC_DIR = declare(
    "MODEL_COMMONS_STATIC_DIR",
    "",
    optional_folder,
    "Where collectstatic puts the files of the pages; empty: into the data folder.",
)
WORKER_PULSE_FILE = declare(
    "MODEL_COMMONS_WORKER_PULSE_FILE",
    "",
    str,
    "File that a worker touches at each step of a sweep, for a supervisor that restarts what hangs; empty: none.",
)
LOCALE_DIR = declare(
    "MODEL_COMMONS_LOCALE_DIR",
    "",
    optional_folder,
    "Translations of your own, as <language>/LC_MESSAGES/django.mo, which go before the portal's.",
)
SOURCE_URL = declare(
    "MODEL_COMMONS_SOURCE_URL",
    "",
    address_of("http", "https"),
    "The source code, linked in the footer; empty: no link.",
)
PRIVACY_URL = declare(
    "MODEL_COMMONS_PRIVACY_URL",
    "",
    address_of("http", "https"),
    "The privacy statement, linked in the footer; empty: no link.",
)
DATABASE_URL = secret(
    "DATABASE_URL",
    "PostgreSQL, as postgres://…; empty: SQLite in the data folder.",
    parse=address_of("postgres", "postgresql"),
)
REDIS_URL = secret(
    "REDIS_URL",
    "Redis for the doorbell and the cache; empty: a SQLite file and the database.",
    parse=address_of("redis", "rediss", "unix"),
)
MAX_FILE_BYTES = declare("MODEL_COMMONS_MAX_FILE_BYTES", str(20 * GIB), positive, "Largest single file, in bytes.")
MAX_VERSION_BYTES = declare(
    "MODEL_COMMONS_MAX_VERSION_BYTES", str(40 * GIB), positive, "Largest version, all files together, in bytes."
)
MAX_VERSION_FILES = declare("MODEL_COMMONS_MAX_VERSION_FILES", "200", positive, "Most files in one version.")
ACCOUNT_QUOTA_BYTES = declare(
    "MODEL_COMMONS_ACCOUNT_QUOTA_BYTES",
    str(100 * GIB),
    positive,
    "Bytes that one account may hold, unfinished uploads included.",
)
UPLOAD_EXPIRY_HOURS = declare(
    "MODEL_COMMONS_UPLOAD_EXPIRY_HOURS",
    "168",
    positive,
    "An unfinished upload is dropped this long after its last byte.",
)
UPLOADS_AT_ONCE = declare(
    "MODEL_COMMONS_UPLOADS_AT_ONCE", "8", positive, "Uploads that one account may send at the same time."
)
DISK_RESERVE_BYTES = declare(
    "MODEL_COMMONS_DISK_RESERVE_BYTES",
    str(256 * 1024**2),
    positive,
    "Free bytes that uploads leave on the disk, so that the database can still write.",
)
FORM_UPLOAD_MAX_BYTES = declare(
    "MODEL_COMMONS_FORM_UPLOAD_MAX_BYTES",
    str(GIB // 4),
    positive,
    "Largest plain form upload (the way without JavaScript), in bytes.",
)
REQUIRED_APPROVALS = declare("MODEL_COMMONS_REQUIRED_APPROVALS", "1", positive, "Approvals that a version needs.")
API_RATE_ADDRESS = declare(
    "MODEL_COMMONS_API_RATE_ADDRESS", "120/minute", rate, "API requests that visitors from one address may make."
)
API_RATE_ACCOUNT = declare(
    "MODEL_COMMONS_API_RATE_ACCOUNT", "1200/minute", rate, "API requests that one account may make, by all its tokens."
)
API_RATE_TOKEN = declare("MODEL_COMMONS_API_RATE_TOKEN", "600/minute", rate, "API requests that one token may make.")
TOKEN_MAX_DAYS = declare("MODEL_COMMONS_TOKEN_MAX_DAYS", "365", positive, "Longest life of an API token, in days.")
REVIEW_CLAIM_HOURS = declare(
    "MODEL_COMMONS_REVIEW_CLAIM_HOURS", "4", positive, "A reviewer's claim on a version ends by itself after this long."
)
SWEEP_SECONDS = declare(
    "MODEL_COMMONS_SWEEP_SECONDS",
    "5",
    positive,
    "Period of the sweep that rings due work and compares wanted with actual.",
)
LEASE_SECONDS = declare(
    "MODEL_COMMONS_LEASE_SECONDS", "30", positive, "A worker that is silent for this long loses its job to another."
)
JOB_HISTORY_DAYS = declare(
    "MODEL_COMMONS_JOB_HISTORY_DAYS", "30", positive, "Rows of work that ended well are cleared away after this long."
)
SERVING = declare(
    "MODEL_COMMONS_SERVING",
    "local",
    choice("local", "kserve"),
    "Where models are served: by processes on this machine, or by KServe on a cluster.",
)
SERVING_SANDBOX = declare(
    "MODEL_COMMONS_SERVING_SANDBOX",
    "auto",
    choice("auto", "bubblewrap", "none"),
    "Isolation of local model processes: bubblewrap where it works, always, or never; production must choose.",
)
GATEWAY_TIMEOUT_SECONDS = declare(
    "MODEL_COMMONS_GATEWAY_TIMEOUT_SECONDS", "30", positive, "Longest wait for a served model's answer."
)
GATEWAY_MAX_BYTES = declare(
    "MODEL_COMMONS_GATEWAY_MAX_BYTES", str(16 * 1024**2), positive, "Largest prediction request, in bytes."
)
OCI_REGISTRY_URL = declare(
    "MODEL_COMMONS_OCI_REGISTRY_URL",
    "",
    registry_address,
    "OCI registry that images are pushed to, as https://host[:port]; empty: images stay in the data folder.",
)
OCI_QUARANTINE_REPOSITORY = declare(
    "MODEL_COMMONS_OCI_QUARANTINE_REPOSITORY",
    "model-commons/quarantine",
    repository,
    "Repository there for images that wait for their review; nothing but the portal should read it.",
)
OCI_APPROVED_REPOSITORY = declare(
    "MODEL_COMMONS_OCI_APPROVED_REPOSITORY",
    "model-commons/approved",
    repository,
    "Repository there for approved images, from which clusters pull.",
)
OCI_REGISTRY_USERNAME = declare(
    "MODEL_COMMONS_OCI_REGISTRY_USERNAME", "", str, "Account at the OCI registry that images are pushed to."
)
OCI_REGISTRY_PASSWORD_FILE = declare(
    "MODEL_COMMONS_OCI_REGISTRY_PASSWORD_FILE", "", str, "File that holds that account's password or access token."
)
OCI_REGISTRY_CA_FILE = declare(
    "MODEL_COMMONS_OCI_REGISTRY_CA_FILE", "", str, "Certificates that vouch for the registry; empty: the system's."
)
OCI_REGISTRY_CHUNK_BYTES = declare(
    "MODEL_COMMONS_OCI_REGISTRY_CHUNK_BYTES",
    "0",
    not_negative,
    "Largest request to the registry, in bytes, where a proxy in front of it has a limit; 0: a layer in one.",
)
S3_BUCKET = declare(
    "MODEL_COMMONS_S3_BUCKET",
    "",
    str,
    "Bucket of S3-compatible storage for uploaded files; empty: a folder of the data folder.",
)
S3_ENDPOINT_URL = declare(
    "MODEL_COMMONS_S3_ENDPOINT_URL",
    "",
    web_address,
    "Where that storage answers, as https://host[:port]; empty: Amazon's, by region.",
)
S3_REGION = declare("MODEL_COMMONS_S3_REGION", "us-east-1", str, "The storage's region, as requests are signed for it.")
S3_ACCESS_KEY_ID = declare(
    "MODEL_COMMONS_S3_ACCESS_KEY_ID", "", str, "Key for that storage; empty: the role of the machine or pod."
)
S3_SECRET_ACCESS_KEY = secret("MODEL_COMMONS_S3_SECRET_ACCESS_KEY", "The key's secret.")
S3_CA_FILE = declare(
    "MODEL_COMMONS_S3_CA_FILE", "", str, "Certificates that vouch for the storage; empty: those of Mozilla."
)
S3_PREFIX = declare(
    "MODEL_COMMONS_S3_PREFIX", "", key_prefix, "What the portal's objects begin with in a shared bucket."
)
S3_ADDRESSING = declare(
    "MODEL_COMMONS_S3_ADDRESSING",
    "path",
    choice("path", "virtual"),
    "Whether the bucket stands in the address's path or in its host name.",
)
S3_PUBLIC_URL = declare(
    "MODEL_COMMONS_S3_PUBLIC_URL",
    "",
    web_address,
    "The storage as browsers and programs reach it, for uploads past the portal; empty: all bytes come by the portal.",
)
S3_CACHE_BYTES = declare(
    "MODEL_COMMONS_S3_CACHE_BYTES",
    str(20 * GIB),
    positive,
    "Copies of stored files that checks and model servers read on this machine, in bytes, all together.",
)
TARGET_P95_MS = declare(
    "MODEL_COMMONS_TARGET_P95_MS", "300", positive, "Latency that 95 of 100 predictions shall not exceed, in ms."
)
TARGET_ERROR_PERCENT = declare(
    "MODEL_COMMONS_TARGET_ERROR_PERCENT", "0.5", percentage, "Share of predictions that may fail, in percent."
)
TARGET_REVIEW_HOURS = declare(
    "MODEL_COMMONS_TARGET_REVIEW_HOURS", "48", positive, "A review that waits longer is shown to need attention."
)
EMAIL_FROM = declare("MODEL_COMMONS_EMAIL_FROM", "model-commons@localhost", str, "Sender of the portal's mail.")
REPORTS_PER_HOUR = declare(
    "MODEL_COMMONS_REPORTS_PER_HOUR",
    "10",
    positive,
    "Reports about models that one account, or one address of people not signed in, may send within an hour.",
)
NOTIFICATION_DAYS = declare(
    "MODEL_COMMONS_NOTIFICATION_DAYS", "180", positive, "News that was read is cleared away after this long."
)
IDEMPOTENCY_HOURS = declare(
    "MODEL_COMMONS_IDEMPOTENCY_HOURS", "24", positive, "How long a repeated API request gets its first answer again."
)
NOTIFICATION_MAIL_DELAY_SECONDS = declare(
    "MODEL_COMMONS_NOTIFICATION_MAIL_DELAY_SECONDS",
    "120",
    positive,
    "How long news is collected before a mail tells of it.",
)
NOTIFICATION_MAIL_PAUSE_MINUTES = declare(
    "MODEL_COMMONS_NOTIFICATION_MAIL_PAUSE_MINUTES",
    "15",
    positive,
    "Least time between two mails about news to the same account.",
)
SMTP_HOST = declare(
    "MODEL_COMMONS_SMTP_HOST", "", str, "Mail server; empty: mail is written to files in the data folder."
)
SMTP_PORT = declare("MODEL_COMMONS_SMTP_PORT", "587", port, "Port of the mail server.")
SMTP_SECURITY = declare(
    "MODEL_COMMONS_SMTP_SECURITY",
    "starttls",
    choice("starttls", "tls", "none"),
    "How the way to the mail server is protected: STARTTLS, TLS from the first byte (port 465), or not at all.",
)
SMTP_USER = declare("MODEL_COMMONS_SMTP_USER", "", str, "User name at the mail server; empty: none is given.")
SMTP_PASSWORD = secret("MODEL_COMMONS_SMTP_PASSWORD", "Password at the mail server.")
CONTACT = declare(
    "MODEL_COMMONS_CONTACT",
    "",
    str,
    "Where people ask for help: an e-mail address or a web address for the help pages.",
)
EMAIL_VERIFICATION = declare(
    "MODEL_COMMONS_EMAIL_VERIFICATION",
    "auto",
    choice("auto", "none", "optional", "mandatory"),
    "Whether who signs up by password must confirm an e-mail address; auto: mandatory in production, else optional.",
)
REQUIRE_SECOND_FACTOR = declare(
    "MODEL_COMMONS_REQUIRE_SECOND_FACTOR",
    "auto",
    choice("auto", "true", "false"),
    "Reviewers, operators and administrators have their powers only with a second factor; auto: in production.",
)
OIDC_SERVER_URL = declare(
    "MODEL_COMMONS_OIDC_SERVER_URL", "", web_address, "Issuer of an OpenID Connect provider; empty: none."
)
OIDC_NAME = declare("MODEL_COMMONS_OIDC_NAME", "Single sign-on", str, "What its button is called.")
OIDC_CLIENT_ID = declare("MODEL_COMMONS_OIDC_CLIENT_ID", "", str, "The portal's client id there.")
OIDC_CLIENT_SECRET = secret("MODEL_COMMONS_OIDC_CLIENT_SECRET", "The portal's client secret there.")
MEDIAWIKI_CLIENT_ID = declare(
    "MODEL_COMMONS_MEDIAWIKI_CLIENT_ID", "", str, "OAuth 2 client id at a wiki; empty: no sign-in by wiki account."
)
MEDIAWIKI_CLIENT_SECRET = secret("MODEL_COMMONS_MEDIAWIKI_CLIENT_SECRET", "The portal's client secret there.")
MEDIAWIKI_NAME = declare("MODEL_COMMONS_MEDIAWIKI_NAME", "Wikimedia", str, "What its button is called.")
MEDIAWIKI_REST_URL = declare(
    "MODEL_COMMONS_MEDIAWIKI_REST_URL",
    "https://meta.wikimedia.org/w/rest.php",
    web_address,
    "REST address of that wiki; its OAuth extension answers below it.",
)


def as_markdown() -> str:
    """The table of the README."""
    from portal import env_kserve  # whose variables stand at the end of the table

    del env_kserve
    rows = [
        f"| `{v.name}` | `{v.default}` | {v.doc} |" if v.default else f"| `{v.name}` | | {v.doc} |" for v in DECLARED
    ]
    return "\n".join(["| Variable | Default | Meaning |", "| --- | --- | --- |", *rows])


if __name__ == "__main__":
    print(as_markdown())  # noqa: T201  # printing is this entry's purpose
