"""The gateways of the environment, read once at start-up.

Each is one URL in one variable; what is wrong with it is said in a sentence that names the
variable and never its value. Knows nothing of Django, since the settings are made from it.
docs/operate.md explains each form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from .addresses import looks_inward

#: Variable, name of the gateway (and of its channel), and the schemes it takes.
VARIABLES = {
    "GATEWAY_TELEGRAM": ("telegram", ("telegram",)),
    "GATEWAY_WHATSAPP": ("whatsapp", ("whatsapp",)),
    "GATEWAY_SMS": ("sms", ("https", "http", "apprise")),
}
COMMON = {"rate", "at_once", "tls"}
OPTIONS = {
    "whatsapp": COMMON | {"receipt_secret", "verify_token"},
    "telegram": COMMON | {"webhook_secret"},
    "https": COMMON | {"receipt_secret", "format", "auth", "id"},
    "http": COMMON | {"receipt_secret", "format", "auth", "id"},
    "apprise": COMMON,
}
#: May be given twice: the new one and the old one, while it is being changed.
REPEATED = {"receipt_secret", "verify_token", "webhook_secret"}
FREE = ("field.", "header.")  # of a plain HTTP gateway: what its request is made of
PLACES = re.compile(r"\{([^{}]*)\}")
KNOWN_PLACES = {"to", "to_digits", "text", "reference"}
SHORTEST_SECRET = 16

N = TypeVar("N", int, float)


class Wrong(ValueError):
    """What is wrong with a URL, as the end of a sentence; never a part of its value."""


@dataclass(frozen=True, slots=True, repr=False)
class GatewaySetting:
    """One gateway as the environment has it. `repr` shows no secret."""

    name: str
    scheme: str
    host: str
    port: int
    tls: bool
    private: bool
    path: str
    user: str = ""
    password: str = ""
    rate: float | None = None
    at_once: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<gateway {self.name}: {self.scheme} {self.host}>"

    @property
    def receipt_secrets(self) -> tuple[str, ...]:
        return self.secrets.get("receipt_secret", ())


def read(
    environment: Mapping[str, str], private_hosts: frozenset[str]
) -> tuple[dict[str, GatewaySetting], list[str]]:
    """The gateways by name, and a sentence for each variable that is wrong."""
    found, problems = {}, []
    for variable, (name, schemes) in VARIABLES.items():
        url = environment.get(variable, "").strip()
        if not url:
            continue
        try:
            found[name] = _setting(name, url, schemes, private_hosts)
        except Wrong as error:
            problems.append(f"{variable} {error}.")
    return found, problems


#: What Anymail calls the key of each provider that it reaches over HTTP alone.
EMAIL_PROVIDERS = {
    "brevo": "BREVO_API_KEY",
    "mailersend": "MAILERSEND_API_TOKEN",
    "mailgun": "MAILGUN_API_KEY",
    "mandrill": "MANDRILL_API_KEY",
    "postmark": "POSTMARK_SERVER_TOKEN",
    "resend": "RESEND_API_KEY",
    "scaleway": "SCALEWAY_SECRET_KEY",
    "sendgrid": "SENDGRID_API_KEY",
    "sparkpost": "SPARKPOST_API_KEY",
    "unisender_go": "UNISENDER_GO_API_KEY",
}


def read_email_provider(url: str) -> tuple[str, dict[str, str], list[str]]:
    """`anymail+postmark://KEY` as (provider, Anymail's settings, problems); else all empty."""
    if not url.startswith("anymail+"):
        return "", {}, []
    try:
        # A provider's name may hold `_`, which no scheme may.
        name, _, rest = url.removeprefix("anymail+").partition("://")
        key_name = EMAIL_PROVIDERS.get(name)
        if key_name is None:
            raise Wrong(f"is none of Anymail's providers: {', '.join(sorted(EMAIL_PROVIDERS))}")
        parts, _ = _parts(f"https://{rest}")
        key = unquote(parts.username or parts.netloc)
        if not key:
            raise Wrong("has no key (anymail+postmark://KEY)")
        start = name.upper()
        found = {f"{start}_{key.upper()}": value for key, value in parse_qsl(parts.query)}
        return name, {**found, key_name: key}, []
    except Wrong as error:
        return "", {}, [f"EMAIL_URL {error}."]


def _setting(
    name: str, url: str, schemes: tuple[str, ...], private_hosts: frozenset[str]
) -> GatewaySetting:
    parts, port = _parts(url)
    scheme = parts.scheme.partition("+")[0]
    if scheme not in schemes:
        raise Wrong(f"must begin with {' or '.join(f'{known}:' for known in schemes)}")
    host = (parts.hostname or "").rstrip(".")
    private = host in private_hosts
    options, secrets, fields, headers = _query(scheme, parts.query)
    tls = scheme != "http" and options.get("tls", "on") != "off"
    if scheme != "apprise":  # there the host is often a key; the library knows where it leads
        if not host or not re.fullmatch(r"[A-Za-z0-9.:_-]+", host):
            raise Wrong("names no host")
        if looks_inward(host) and not private:
            raise Wrong(
                "leads into this machine or network; a host that is meant to lie there"
                " must stand in GATEWAY_PRIVATE_HOSTS"
            )
        if not tls and not private:
            raise Wrong("would send personal data without TLS; only GATEWAY_PRIVATE_HOSTS may")
    setting = GatewaySetting(
        name=name,
        scheme=scheme,
        host=host,
        port=port or (443 if tls else 80),
        tls=tls,
        private=private,
        path=_path(parts.path),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        rate=_number(options, "rate", float, 1000),
        at_once=_number(options, "at_once", int, 100),
        options=options if scheme != "apprise" else {**options, "url": _without_ours(parts)},
        secrets=secrets,
        fields=fields,
        headers=headers,
    )
    _CHECKS[scheme](setting)
    return setting


def _parts(url: str) -> tuple[SplitResult, int | None]:
    if re.search(r"[\x00-\x20\x7f]", url):
        raise Wrong("holds a space or a control character")
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        raise Wrong("is no URL") from None


def _query(
    scheme: str, query: str
) -> tuple[dict[str, str], dict[str, tuple[str, ...]], dict[str, str], dict[str, str]]:
    options: dict[str, str] = {}
    secrets: dict[str, tuple[str, ...]] = {}
    free: dict[str, dict[str, str]] = {"field.": {}, "header.": {}}
    for key, value in parse_qsl(query, keep_blank_values=True):
        kind = next((start for start in FREE if key.startswith(start)), "")
        if kind and scheme in ("http", "https"):
            free[kind][key[len(kind) :]] = value
        elif scheme == "apprise" and key not in COMMON:
            continue  # the service's own; they stay in its URL
        elif key not in OPTIONS[scheme]:
            # An unknown name may be a secret that lost its name, so it is not shown either.
            raise Wrong(f"has an option that is none of {', '.join(sorted(OPTIONS[scheme]))}")
        elif key in REPEATED:
            if len(value) < SHORTEST_SECRET:
                raise Wrong(f"has a {key} of less than {SHORTEST_SECRET} characters")
            secrets[key] = (*secrets.get(key, ()), value)
        elif key in options:
            raise Wrong(f"gives {key} twice")
        else:
            options[key] = value
    if options.get("tls", "on") not in ("on", "off"):
        raise Wrong("has a tls that is neither on nor off")
    return options, secrets, free["field."], free["header."]


def _without_ours(parts: SplitResult) -> str:
    """Apprise's URL with its own options alone."""
    own = [pair for pair in parts.query.split("&") if pair.partition("=")[0] not in COMMON]
    return parts._replace(query="&".join(own)).geturl()


def _path(path: str) -> str:
    return quote(unquote(path), safe="/:@+~!$,;=-._") or "/"


def _number(options: Mapping[str, str], name: str, kind: type[N], most: int) -> N | None:
    if name not in options:
        return None
    try:
        number = kind(options[name])
    except ValueError:
        number = kind(0)
    if not 0 < number <= most:
        raise Wrong(f"has a {name} that is no number from 0 to {most}")
    return number


def _check_whatsapp(setting: GatewaySetting) -> None:
    if not setting.user or setting.password:
        raise Wrong("has no token (whatsapp://TOKEN@host/version/phone-number-id)")
    if not re.fullmatch(r"/v\d+\.\d+/\d+", setting.path):
        raise Wrong("has no path of version and phone number id (/v21.0/123456789)")
    if ("receipt_secret" in setting.secrets) != ("verify_token" in setting.secrets):
        raise Wrong("needs receipt_secret and verify_token together")


def _check_telegram(setting: GatewaySetting) -> None:
    if not (setting.user.isdigit() and re.fullmatch(r"[A-Za-z0-9_-]{20,}", setting.password)):
        raise Wrong("has no token of a bot (telegram://123456:TOKEN@api.telegram.org)")
    if setting.path != "/":
        raise Wrong("has a path; the token says all")
    for secret in setting.secrets.get("webhook_secret", ()):
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise Wrong("has a webhook_secret that Telegram would not take (A-Z a-z 0-9 _ -)")


def _check_http(setting: GatewaySetting) -> None:
    if setting.options.get("format", "json") not in ("json", "form"):
        raise Wrong("has a format that is neither json nor form")
    if setting.options.get("auth", "basic") not in ("basic", "bearer"):
        raise Wrong("has an auth that is neither basic nor bearer")
    places = {place for text in setting.fields.values() for place in PLACES.findall(text)}
    if places - KNOWN_PLACES:
        raise Wrong(f"has a field with a place other than {', '.join(sorted(KNOWN_PLACES))}")
    if setting.fields and not ({"to", "to_digits"} & places and "text" in places):
        raise Wrong("has fields, but none with {to} and none with {text}")
    for name, value in setting.headers.items():
        if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[\x20-\x7e]*", value):
            raise Wrong("has a header that is none")


#: Of Apprise's SMS services: a box with a SIM card in the office, at a host that is set.
APPRISE_BOXES = frozenset({"smseagle", "smseagles"})
#: Those that lie at an address of their own. What reads files, talks to this machine or goes to any
#: other host of somebody's choice is not among them.
APPRISE_SMS = frozenset(
    {
        "46elks", "atalk", "bulksms", "bulkvs", "burstsms", "clickatell", "clicksend", "cm",
        "d7sms", "elks", "exotel", "infobip", "kaleyra", "kavenegar", "kudosity", "mobilemessage",
        "msgbird", "nexmo", "octopush", "plivo", "seven", "sinch", "smsc", "sns", "telesign",
        "telnyx", "twilio", "voipms", "vonage",
    }
)  # fmt: skip


def _check_apprise(setting: GatewaySetting) -> None:
    scheme = setting.options["url"].partition("+")[2].partition(":")[0]
    if scheme not in APPRISE_SMS | APPRISE_BOXES:
        known = ", ".join(sorted(APPRISE_SMS | APPRISE_BOXES))
        raise Wrong(f"is none of Apprise's SMS services: {known}")
    if scheme in APPRISE_BOXES and not setting.private:
        raise Wrong("leads to a box whose host does not stand in GATEWAY_PRIVATE_HOSTS")
    if "{to}" not in setting.options["url"]:
        raise Wrong("does not say with {to} where the number goes")


_CHECKS = {
    "whatsapp": _check_whatsapp,
    "telegram": _check_telegram,
    "https": _check_http,
    "http": _check_http,
    "apprise": _check_apprise,
}
