"""Django's settings. With no environment at all: SQLite and the embedded Valkey, the same parts as in production."""

import logging
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.http.request import validate_host
from kombu import Queue

from bookshelf import environment, logs
from bookshelf.version import version

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = version(BASE_DIR)
VAR_DIR = environment.writable_folder("VAR_DIR", BASE_DIR / "var")

# --- the address of the site ---------------------------------------------------------------------
HOST = environment.text("HOST", "127.0.0.1")
PORT = environment.whole("PORT", 8000, lowest=1, highest=65535)
SITE_URL = environment.web_address("SITE_URL", f"http://{f'[{HOST}]' if ':' in HOST else HOST}:{PORT}")
SITE_CONTACT = environment.header("SITE_CONTACT")
HTTPS = SITE_URL.startswith("https://")

DEBUG = environment.boolean("DEBUG", default=False)
SECRET_KEY = environment.secret_key("SECRET_KEY", VAR_DIR / "secret_key", in_production=HTTPS)
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = environment.words(
    "ALLOWED_HOSTS", default=[urlsplit(SITE_URL).hostname or HOST, "localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = environment.words("CSRF_TRUSTED_ORIGINS")
for name in ALLOWED_HOSTS:
    if "/" in name:
        raise environment.Unusable("ALLOWED_HOSTS", f"must hold names without a scheme, not {name!r}.")
for origin in CSRF_TRUSTED_ORIGINS:
    if environment.web_address_problem(origin.replace("*", "any")):
        raise environment.Unusable("CSRF_TRUSTED_ORIGINS", f"must hold addresses with a scheme, not {origin!r}.")
if HTTPS and "*" in ALLOWED_HOSTS:
    raise environment.Unusable("ALLOWED_HOSTS", "must not hold * where SITE_URL is https: name the hosts.")
if not validate_host(urlsplit(SITE_URL).hostname or "", ALLOWED_HOSTS):
    raise environment.Unusable("ALLOWED_HOSTS", f"must hold the host of SITE_URL, {SITE_URL}.")
TRUSTED_PROXIES = environment.whole("TRUSTED_PROXIES", 0, lowest=0, highest=10)

SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# HSTS for sub-domains and preloading would bind hosts that are not this site's to bind.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
X_FRAME_OPTIONS = "DENY"
LOGINS = environment.logins()
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],  # wss: of the same host is part of it
        # Others are what a log-in there begins with.
        "form-action": [SELF, *(origin for login in LOGINS for origin in login.origins)],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "report-uri": ["/reports/policy/"],
    }
}

# What a browser may be asked for on a page of ours, or within a frame on it: nothing of all this.
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: []
    for feature in (
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
}

# --- limits; a site on plain http is a laptop or a test and has none unless told ------------------
POSTS_PER_HOUR = environment.whole("POSTS_PER_HOUR", 60 if HTTPS else 0, lowest=0)
COMMENTS_PER_HOUR = environment.whole("COMMENTS_PER_HOUR", 120 if HTTPS else 0, lowest=0)
# For so many days an account is new, and has an hour's limits of its own.
NEW_ACCOUNT_DAYS = environment.whole("NEW_ACCOUNT_DAYS", 3 if HTTPS else 0, lowest=0, highest=365)
NEW_POSTS_PER_HOUR = environment.whole("NEW_POSTS_PER_HOUR", 5 if HTTPS else 0, lowest=0)
NEW_COMMENTS_PER_HOUR = environment.whole("NEW_COMMENTS_PER_HOUR", 20 if HTTPS else 0, lowest=0)
SIGNUPS_PER_MINUTE = environment.whole("SIGNUPS_PER_MINUTE", 10 if HTTPS else 0, lowest=0)
# Many people may share an address, and each of them has several pages open; who is refused asks now and then instead.
SOCKETS_PER_ADDRESS = environment.whole("SOCKETS_PER_ADDRESS", 200 if HTTPS else 0, lowest=0)
CONNECTS_PER_MINUTE = environment.whole("CONNECTS_PER_MINUTE", 600 if HTTPS else 0, lowest=0)

# Where a worker that shares no folder with a web process tells what it has counted; 0 for nowhere.
METRICS_PORT = environment.whole("METRICS_PORT", 0, lowest=0, highest=65535)
if environment.text("PROMETHEUS_MULTIPROC_DIR"):  # the library's own; it wants the folder to be there
    Path(environment.text("PROMETHEUS_MULTIPROC_DIR")).mkdir(parents=True, exist_ok=True)

# Off, messages go out by ASGI's send alone: slower, and by nothing but what every server promises.
FAST_LANE = environment.boolean("FAST_LANE", default=True)

# --- applications --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "bookshelf",
    "posts",
    "updater",
    "tasks",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    # The pages of these would fail where they are not set up.
    *(f"allauth.socialaccount.providers.{each.provider}" for each in LOGINS if each.provider != "openid_connect"),
    "allauth.usersessions",
    "csp",
    "django_celery_results",
    "django_structlog",
    "bookshelf.apps.OperatorsConfig",  # the admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    # First: a probe asks by address, over http and often, and must cost nothing.
    "bookshelf.health.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "bookshelf.static.StaticMiddleware",
    "bookshelf.compression.CompressionMiddleware",
    "bookshelf.requests.NameMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Before the cursor is read: whoever holds the page goes on from its own.
    "posts.unchanged.UnchangedMiddleware",
    # Last: it reads the page's cursor, and the view's own queries come after it.
    "updater.middleware.CursorMiddleware",
]
ROOT_URLCONF = "bookshelf.urls"
ASGI_APPLICATION = "bookshelf.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "bookshelf.accounts.logins",
                "posts.interests.muted",
                "posts.notifications.unread",
            ],
        },
    }
]

# --- data ----------------------------------------------------------------------------------------
DATABASES = {"default": environment.database("DATABASE_URL", VAR_DIR / "bookshelf.sqlite3")}
DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"} if "sqlite" in DATABASES["default"]["ENGINE"] else {}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Sessions too are in the database: a dead Redis logs nobody out.
SESSION_ENGINE = "bookshelf.sessions"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "bookshelf_cache",
    }
}
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": environment.storage("S3_URL"),  # of covers
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_URL = f"/static/{VERSION}/"
STATICFILES_DIRS = [BASE_DIR / "static"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 100

# --- people --------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "bookshelf.accounts.AccountAdapter"
ACCOUNT_FORMS = {"login": "bookshelf.accounts.LoginForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_USERNAME_MIN_LENGTH = 2
ACCOUNT_USERNAME_VALIDATORS = "bookshelf.accounts.username_validators"
ACCOUNT_SESSION_REMEMBER = True
EMAIL = environment.email("EMAIL_URL")
globals().update(EMAIL)
if not EMAIL:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # nowhere, not into a log: mails hold secrets
DEFAULT_FROM_EMAIL = SERVER_EMAIL = environment.sender(
    "EMAIL_FROM", f"BookShelf <bookshelf@{urlsplit(SITE_URL).hostname}>"
)
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL else "none"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = bool(EMAIL)
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = bool(EMAIL)
ACCOUNT_EMAIL_NOTIFICATIONS = bool(EMAIL)  # of another password, another address, another key
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # before these
SOCIALACCOUNT_PROVIDERS = {login.provider: {"APPS": [login.app]} for login in LOGINS}
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5  # seconds
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "BookShelf"
MFA_TOTP_TOLERANCE = 1  # codes, for clocks that differ and people who type (RFC 6238, 5.2)
MFA_ALLOW_UNVERIFIED_EMAIL = not EMAIL  # where no address can be confirmed
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # a browser itself allows it at localhost alone
USERSESSIONS_TRACK_ACTIVITY = False  # it would write a row with each page
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
ACCOUNT_RATE_LIMITS = {
    "signup": f"{SIGNUPS_PER_MINUTE}/m/ip" if SIGNUPS_PER_MINUTE else None,
    "login": "30/m/ip" if HTTPS else None,
}

# --- the queue -----------------------------------------------------------------------------------
REDIS = environment.redis("REDIS_URL", environment.socket_folder(VAR_DIR) / "valkey.sock")
# How long a save may wait for a Redis that is frozen, seconds; it then leaves the post to the sweep.
REDIS_PATIENCE = 1.5
CELERY_BROKER_URL = REDIS.broker_url
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **REDIS.broker_options,
    "visibility_timeout": 300,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # the default gives up after 100
CELERY_TASK_DEFAULT_QUEUE = "enrich"
CELERY_TASK_QUEUES = [Queue("enrich"), Queue("imports"), Queue("lookups"), Queue("sweep")]
CELERY_TASK_ROUTES = {
    "tasks.enrich.sweep": {"queue": "sweep"},
    "tasks.imports.sweep": {"queue": "sweep"},
    "tasks.indexing.index_due": {"queue": "sweep"},
    "tasks.lookups.forget": {"queue": "sweep"},
    "tasks.watch.read": {"queue": "sweep"},
    "tasks.canary.sing": {"queue": "lookups"},
}
CELERY_TASK_ACKS_LATE = True  # what a killed worker held comes back, or the sweep finds it first
CELERY_TASK_SOFT_TIME_LIMIT, CELERY_TASK_TIME_LIMIT = 20, 30  # < the lease of 40 < the visibility time-out
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000  # KiB
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # tasks are fenced: let them finish
CELERY_ACCEPT_CONTENT = CELERY_RESULT_ACCEPT_CONTENT = ["json"]
CELERY_RESULT_BACKEND = "django-db"  # a history for the operator; the post's row alone is the truth
CELERY_RESULT_EXTENDED = True
CELERY_RESULT_EXPIRES = timedelta(days=7)
CANARY_SECONDS = environment.whole("CANARY_SECONDS", 300, lowest=0)  # between two times; 0 for never
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_BEAT_SCHEDULE = {
    # Expiring: sweeps missed while no worker ran do not pile up.
    "sweep": {"task": "tasks.enrich.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "sweep imports": {"task": "tasks.imports.sweep", "schedule": 5.0, "options": {"expires": 5}},
    "watch": {"task": "tasks.watch.read", "schedule": 60.0, "options": {"expires": 60}},
    "forget lookups": {"task": "tasks.lookups.forget", "schedule": 600.0, "options": {"expires": 600}},
    "index": {"task": "tasks.indexing.index_due", "schedule": 5.0, "options": {"expires": 5}},
}

if CANARY_SECONDS:
    song = {"task": "tasks.canary.sing", "schedule": float(CANARY_SECONDS), "options": {"expires": CANARY_SECONDS}}
    CELERY_BEAT_SCHEDULE["canary"] = song

# --- the channel layer ---------------------------------------------------------------------------
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [
                {
                    **REDIS.layer_host,
                    "socket_timeout": REDIS_PATIENCE,
                    "socket_connect_timeout": REDIS_PATIENCE,
                }
            ],
            "prefix": "bookshelf",
        },
    }
}

# --- the catalogues ------------------------------------------------------------------------------
OPENLIBRARY_URL = environment.web_address("OPENLIBRARY_URL", "https://openlibrary.org")
COVERS_URL = environment.web_address("COVERS_URL", "https://covers.openlibrary.org")
# Only a host that the operator named may have a private address.
EXPLICIT_CATALOGUES = [environment.text(name) for name in ("OPENLIBRARY_URL", "COVERS_URL") if environment.text(name)]
# The fallback. Without a key the calls of all the world share one quota, so without one it is not asked.
GOOGLE_BOOKS_KEY = environment.header("GOOGLE_BOOKS_KEY")
GOOGLE_BOOKS_URL = "https://www.googleapis.com/books/v1"
GOOGLE_COVERS_URL = "https://books.google.com"
# Open Library allows three requests a second to those who say whom to write to, else one.
CATALOGUE_RATE = environment.number("CATALOGUE_RATE", 3 if SITE_CONTACT else 1, lowest=0.01, highest=1000)
ENRICH_DEADLINE = environment.number("ENRICH_DEADLINE", 60, lowest=1, highest=24 * 3600)

# --- the rest ------------------------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "bookshelf.formats"
LANGUAGE_COOKIE_SAMESITE, LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SECURE = "Lax", True, HTTPS
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LOGGING = logs.configuration(as_json=environment.boolean("LOG_JSON", default=HTTPS))
DJANGO_STRUCTLOG_USER_ID_FIELD = ""  # to know it would take a query
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
# A request's id goes along into its tasks; Celery itself says what came of them.
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = DJANGO_STRUCTLOG_CELERY_TASK_SUCCESS_LOG_LEVEL = logging.DEBUG

if environment.text("SENTRY_DSN"):
    logs.report_to(environment.text("SENTRY_DSN"))
