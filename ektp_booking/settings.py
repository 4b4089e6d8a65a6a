"""All settings, read from the environment and grouped by concern.

docs/operate.md lists the variables. Three modes come out of them:

- production: `DATABASE_URL` is set and `DEMO` is off (or `PRODUCTION=on`); every key must be given;
- demo: `DEMO=on`, what `make run` sets; keys and servers are made in `var/`;
- otherwise development and tests: as demo, without demo sign-ins and the demo's messages.

ektp_booking/checks.py refuses what would be unsafe in production.
"""

import sys
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import environ
from celery.schedules import crontab
from csp.constants import NONCE, NONE, SELF

from ektp_booking import embedded, keys, logs
from notifications.gateways import configuration

env = environ.Env()

# --- Mode and places on disk ---------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = embedded.var_dir()

DEMO = env.bool("DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)
PRODUCTION = env.bool("PRODUCTION", default=bool(env.str("DATABASE_URL", default="")) and not DEMO)
RATE_LIMITS = env.bool("RATE_LIMITS", default=True)

# --- Keys ----------------------------------------------------------------------------------------
# Three files apart, in production: whoever has the database and one of them has not all
# (docs/operate.md). PERSONAL_DATA_KEYS: `id:base64` of 32 bytes, separated by commas; the first
# one seals, the others only open.

if not PRODUCTION:
    keys.ensure_keys(VAR_DIR / "keys.env")
    env.read_env(str(VAR_DIR / "keys.env"))

SECRET_KEY = env.str("SECRET_KEY", default="")
PERSONAL_DATA_KEYS = env.list("PERSONAL_DATA_KEYS", default=[])
LOOKUP_PEPPER = env.str("LOOKUP_PEPPER", default="")
TOKEN_KEY = env.str("TOKEN_KEY", default="")

# --- Addresses -----------------------------------------------------------------------------------

SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS",
    default=[urlsplit(SITE_URL).hostname or ""] if PRODUCTION else ["127.0.0.1", "localhost"],
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# The client's address is taken from X-Forwarded-For only where the peer is one of these
# (addresses or networks; `unix` for a proxy on a Unix socket): see middleware.TrustedProxy.
TRUSTED_PROXY = env.list("TRUSTED_PROXY", default=[])

ROOT_URLCONF = "ektp_booking.urls"
WSGI_APPLICATION = "ektp_booking.wsgi.application"

# --- Apps and middleware -------------------------------------------------------------------------

INSTALLED_APPS = [
    "ektp_booking.apps.EktpBookingConfig",
    "services",
    "notifications",
    "locations",
    "ektp_booking.apps.ITAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_standardized_errors",
    "csp",
    "pgtrigger",
    "pghistory",
]

MIDDLEWARE = [
    "ektp_booking.health.Health",
    "ektp_booking.middleware.RequestLog",
    "ektp_booking.middleware.TrustedProxy",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ektp_booking.middleware.Locale",
    "ektp_booking.middleware.Envelope",
    "ektp_booking.middleware.AccountPages",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # The roof's templates come first: its page frame also dresses the libraries' pages.
        "DIRS": [
            BASE_DIR / "ektp_booking" / "templates",
            BASE_DIR / "services" / "resident" / "templates",
            BASE_DIR / "services" / "counter" / "templates",
            BASE_DIR / "services" / "supervisor" / "templates",
            BASE_DIR / "services" / "office" / "templates",
            BASE_DIR / "services" / "api" / "templates",
        ],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "ektp_booking.frame.frame",
            ],
        },
    }
]

# --- Databases -----------------------------------------------------------------------------------
# `default` is the role of the running processes (ektp_app: no DDL, owns nothing); `owner` is for
# `manage.py migrate` alone. The limits of docs/decisions.md.

DATABASE_URL = env.str("DATABASE_URL", default=embedded.database_url("ektp_app"))
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="")
if not DATABASE_OWNER_URL and not env.str("DATABASE_URL", default=""):
    DATABASE_OWNER_URL = embedded.database_url("ektp_owner")

# Backups (backup.py): as `ektp_backup`, which may replicate and read no table.
DATABASE_BACKUP_URL = env.str("DATABASE_BACKUP_URL", default="")
if not DATABASE_BACKUP_URL and not env.str("DATABASE_URL", default=""):
    DATABASE_BACKUP_URL = embedded.database_url("ektp_backup", "postgres")
BACKUP_DIR = env.str("BACKUP_DIR", default=str(VAR_DIR / "backup"))
BACKUP_KEEP_DAYS = env.int("BACKUP_KEEP_DAYS", default=30)

DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", default=4)  # per process; 0: no pool

DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"] |= {
    "CONN_MAX_AGE": 0,
    "CONN_HEALTH_CHECKS": True,
    "DISABLE_SERVER_SIDE_CURSORS": True,
    "TEST": {"MIRROR": "owner"},
}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    {
        "connect_timeout": 2,
        "application_name": "ektp",
        "options": "-c statement_timeout=5s -c lock_timeout=2s"
        " -c idle_in_transaction_session_timeout=10s",
    }
)
if DATABASE_POOL_SIZE:
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": DATABASE_POOL_SIZE,
        "timeout": 2,  # then a calm 503, not Django's 500 after 30 s
        # A pool that gave up is asked again by the next request: the site heals within about a
        # second of the database, where the default's growing pauses would take minutes.
        "reconnect_timeout": 1,
    }
if DATABASE_OWNER_URL:
    DATABASES["owner"] = env.db_url_config(DATABASE_OWNER_URL)
    DATABASES["owner"].setdefault("OPTIONS", {}).update(
        {"connect_timeout": 5, "application_name": "ektp-owner"}
    )
    DATABASES["owner"]["TEST"] = {"DEPENDENCIES": []}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Nothing on the residents' path may need Redis, so the cache is a table too.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
}

# --- Language and time ---------------------------------------------------------------------------

LANGUAGE_CODE = "id"
LANGUAGES = [("id", "Bahasa Indonesia"), ("en", "English")]
LOCALE_PATHS = [
    BASE_DIR / "services" / "resident" / "locale",
    BASE_DIR / "services" / "counter" / "locale",
    BASE_DIR / "services" / "supervisor" / "locale",
    BASE_DIR / "services" / "office" / "locale",
    BASE_DIR / "services" / "api" / "locale",
    BASE_DIR / "services" / "locale",
    BASE_DIR / "notifications" / "locale",
    BASE_DIR / "locations" / "locale",
    BASE_DIR / "ektp_booking" / "locale",
]
FORMAT_MODULE_PATH = ["ektp_booking.formats"]
TIME_ZONE = "Asia/Jakarta"
USE_I18N = True
USE_TZ = True

# --- Opening -------------------------------------------------------------------------------------

SLOT_HORIZON_DAYS = env.int("SLOT_HORIZON_DAYS", default=60)  # how far ahead slots are made

# --- Sign-in -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "locations.Staff"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "services.sign_in.StaffPassword", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "staff_home"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_FORMS = {"login": "services.sign_in.StaffLoginForm"}
ACCOUNT_ADAPTER = "ektp_booking.accounts.ClosedSignUp"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # or anybody could have us write to any address
ACCOUNT_SESSION_REMEMBER = False
# Failures of a password count in LIMITS (ektp_booking/accounts.py), those of a code here.
ACCOUNT_RATE_LIMITS = (
    {
        "login": "30/m/ip",
        "login_failed": "10/m/ip,5/5m/key",
        "reset_password": "10/h/ip,2/h/key",
    }
    if RATE_LIMITS
    else False
)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "e-KTP Jember"

# --- Sessions and cookies ------------------------------------------------------------------------

SECURE_COOKIES = PRODUCTION
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# `__Host-` binds a cookie to this host and to https; browsers refuse it over plain http.
SESSION_COOKIE_NAME = "__Host-session" if SECURE_COOKIES else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_COOKIES else "csrf"
CSRF_FAILURE_VIEW = "ektp_booking.errors.csrf_failure"
LANGUAGE_COOKIE_SECURE = SECURE_COOKIES
LANGUAGE_COOKIE_SAMESITE = "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Security headers and limits -----------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    # Trustworthy because middleware.TrustedProxy drops the header from everybody else.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# A booking is about 1 KB of JSON; 64 KB is plenty for every form and body here.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 5

# --- Static files --------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# While trying out, files are served from where they lie; production collects them first.
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = DEBUG

# --- Personal data -------------------------------------------------------------------------------

# What identifies a person is erased this many days after the visit (services/erasure.py).
RETENTION_DAYS = env.int("RETENTION_DAYS", default=30)

# --- Rate limits ---------------------------------------------------------------------------------
# name: (how often, in how many seconds); services/limits.py counts. Many people share one mobile
# address, so what costs little is generous; what reveals or takes something is not.

LIMITS = {
    "read": (600, 60),  # an address reads
    "change": (60, 60),  # an address writes anything but a booking
    "booking": (20, 60 * 60),  # an address tries to book
    "already-booked": (3, 24 * 60 * 60),  # answers `already_booked` about one NIK
    "contact": (15, 24 * 60 * 60),  # bookings and moves that are told to one phone or e-mail
    "look-up": (10, 60 * 60),  # an address looks for a booking by code and NIK
    "genuine": (20, 60 * 60),  # an address asks in vain what was sent for a code
    "genuine-code": (5, 24 * 60 * 60),  # a code is asked about in vain: it has 10,000 digits
    "sign-in": (5, 5 * 60),  # failures of one account from one address
    "sign-in-account": (50, 60 * 60),  # failures of one account
    "sign-in-address": (60, 5 * 60),  # failures from one address
    "unsigned": (30, 60),  # an address reports as a gateway that it is not
    "staff": (600, 60),  # one member of staff, through the API
}

# --- REST API ------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["services.api.parser.StrictJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "services.api.authentication.StaffToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "services.api.paging.Pages",
    "DEFAULT_SCHEMA_CLASS": "services.api.schema.ApiSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
    "EXCEPTION_HANDLER_CLASS": "services.api.errors.Handler",
    "EXCEPTION_FORMATTER_CLASS": "services.api.errors.Formatter",
}
REST_KNOX = {"TOKEN_TTL": timedelta(hours=12)}  # as a session
SPECTACULAR_SETTINGS = {
    "TITLE": "e-KTP Jember",
    "DESCRIPTION": "Booking of KTP-el (e-KTP) recording at the civil registry of Jember. Times are"
    " ISO 8601 with the offset +07:00; lists come in pages (`page`, `page_size`) unless said"
    " otherwise. Errors have one shape: codes never change, `detail` is in the language of"
    " `Accept-Language` (id, en). Districts are those of idn-area-data, under the ODbL 1.0"
    " (https://opendatacommons.org/licenses/odbl/1-0/).",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    # `check --deploy` would build the whole schema to warn of the names of its enumerations;
    # a test checks the schema instead.
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
}

# --- Messages to people --------------------------------------------------------------------------

# Nobody is woken: not at night, not in the Friday prayer (notifications/quiet_hours.py).
QUIET_HOURS = env.str("QUIET_HOURS", default="20:00-06:00, fri 11:15-12:45")
NOTIFICATIONS_DESCRIBE = "services.messages.describe_many"
# Takes what people write to the office's bot (a Telegram update, as a dictionary); empty: nobody.
NOTIFICATIONS_TELEGRAM_UPDATE = ""
# Each gateway is one URL in one variable; checks.py says what is wrong with it.
GATEWAY_PRIVATE_HOSTS = frozenset(env.list("GATEWAY_PRIVATE_HOSTS", default=[]))
GATEWAYS, GATEWAY_PROBLEMS = configuration.read(
    {name: env.str(name, default="") for name in configuration.VARIABLES}, GATEWAY_PRIVATE_HOSTS
)
# A provider (`anymail+…`) or a mail server; without either, nobody is reached by e-mail.
_email_url = env.str("EMAIL_URL", default="dummymail://" if DEMO else "consolemail://")
EMAIL_PROVIDER, ANYMAIL, _problems = configuration.read_email_provider(_email_url)
GATEWAY_PROBLEMS += _problems
EMAIL_BY_SMTP = False
if EMAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{EMAIL_PROVIDER}.EmailBackend"
elif not _problems:
    _email = env.email_url_config(_email_url)
    vars().update(_email)
    EMAIL_BY_SMTP = _email["EMAIL_BACKEND"].endswith("smtp.EmailBackend")
EMAIL_TIMEOUT = 10
# The first choice first; only what is connected counts, and what the person wants.
CHANNEL_ORDER = env.list("CHANNEL_ORDER", default=["telegram", "whatsapp", "sms", "email"])
# Without a receipt, or with trouble that lasts, for so long: the next channel is tried.
FALLBACK_AFTER = timedelta(minutes=env.int("FALLBACK_AFTER_MINUTES", default=30))
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="e-KTP Jember <no-reply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Who our messages come from, as people see it on their phones: shown on "Pesan ini asli?".
OFFICIAL_SENDERS = {
    "whatsapp": env.str("SENDER_WHATSAPP", default=""),
    "sms": env.str("SENDER_SMS", default=""),
    "telegram": env.str("SENDER_TELEGRAM", default=""),
    "email": parseaddr(DEFAULT_FROM_EMAIL)[1],
}

# --- Celery --------------------------------------------------------------------------------------
# Redis carries nothing but "look now": losing it loses nothing, so no results, no ETA, no retry.

REDIS_URL = env.str("REDIS_URL", default=embedded.redis_url())
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300, "socket_keepalive": True}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_TIME_LIMIT = 120
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "deliver-due-messages": {"task": "notifications.deliver_due", "schedule": 5.0},
    "end-calls": {"task": "notifications.end_calls", "schedule": 300.0},
    "erase-addresses": {"task": "notifications.erase_addresses", "schedule": 3600.0},
    "settle-days": {"task": "services.tasks.settle_days", "schedule": 1800.0},
    "erase-temperatures": {"task": "services.tasks.erase_temperatures", "schedule": 3600.0},
    "erase-past-people": {
        "task": "services.tasks.erase_past_people",
        "schedule": crontab(hour=1, minute=15),
    },
    "erase-past-sessions": {"task": "services.tasks.erase_past_sessions", "schedule": 3600.0},
    "look-ahead": {"task": "locations.look_ahead", "schedule": crontab(hour=0, minute=30)},
    "tell-protocol-changes": {
        "task": "services.tasks.tell_protocol_changes",
        "schedule": 30.0,
    },
    "sweep-rate-counts": {"task": "services.tasks.sweep_rate_counts", "schedule": 3600.0},
}
# A "look now" that no worker took for ten minutes is worth nothing: the next one says the same.
for _entry in CELERY_BEAT_SCHEDULE.values():
    _entry["options"] = {"expires": 600}

# --- Logs ----------------------------------------------------------------------------------------

LOGGING_CONFIG = None
logs.configure(level=env.str("LOG_LEVEL", default="INFO"), json=not (DEBUG or sys.stderr.isatty()))
