"""Malformed requests, each with the status and code it must get (docs/decisions.md).

A case: name, method, path, body (bytes, or something to be written as JSON), headers, the status,
and a code that must be among the errors (None: any). `{slot}` in a path or body is a real slot,
`{code}` a real booking.
"""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.services.api.asking import BASE

JSON = "application/json"


@dataclass(frozen=True)
class Case:
    name: str
    path: str
    body: Any = None
    status: int | tuple[int, ...] = 400
    code: str | None = None
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON

    def __str__(self) -> str:
        return self.name


def booking(**changes: Any) -> dict[str, Any]:
    """A good booking with some fields changed; `...` leaves one out."""
    given = {
        "service": "first-recording",
        "slot": "{slot}",
        "nik": "3509210101059001",
        "full_name": "Siti Aminah",
        "birth_date": "2005-01-01",
        "notice_read": True,
    } | changes
    return {name: value for name, value in given.items() if value is not ...}


def written(body: Any) -> str:
    """The JSON of a body; `{slot}` stands for a number in the end."""
    return json.dumps(body).replace('"{slot}"', "{slot}")


GOOD = written(booking())
RLO, ZWSP, BOM = "\u202e", "\u200b", "\ufeff"

BODIES = {
    "empty": (b"", None),
    "null": (b"null", None),
    "text": (b'"x"', None),
    "number": (b"1", None),
    "true": (b"true", None),
    "list": (b"[]", None),
    "list of bookings": (f"[{GOOD}]".encode(), None),
    "empty object": (b"{}", "required"),
    "no JSON": (b"service=first-recording", "parse_error"),
    "cut off": (GOOD[:-2].encode(), "parse_error"),
    "two values": ((GOOD + GOOD).encode(), "parse_error"),
    "trailing comma": (b'{"slot": 1,}', "parse_error"),
    "single quotes": (b"{'slot': 1}", "parse_error"),
    "comment": (b'{"slot": 1 /* */}', "parse_error"),
    "NaN": (b'{"slot": NaN}', "parse_error"),
    "Infinity": (b'{"slot": Infinity}', "parse_error"),
    "-Infinity": (b'{"slot": -Infinity}', "parse_error"),
    "1e400": (b'{"slot": 1e400}', "parse_error"),
    "-1e400": (b'{"slot": -1e400}', "parse_error"),
    "5,000 digits": (b'{"slot": ' + b"9" * 5000 + b"}", "parse_error"),
    "deep lists": (b"[" * 30000 + b"]" * 30000, "parse_error"),
    "deep objects": (b'{"a":' * 9000 + b"1" + b"}" * 9000, "parse_error"),
    "21 deep": (b'{"a":' * 21 + b"1" + b"}" * 21, "parse_error"),
    "open brackets": (b"[" * 60000, "parse_error"),
    "twice the same key": ((GOOD[:-1] + ', "slot": 1}').encode(), "parse_error"),
    "twice in a guardian": (b'{"guardian": {"consent": false, "consent": true}}', "parse_error"),
    "BOM": (BOM.encode() + GOOD.encode(), "parse_error"),
    "UTF-16": (GOOD.encode("utf-16"), "parse_error"),
    "UTF-32": (GOOD.encode("utf-32"), "parse_error"),
    "Latin-1": (b'{"full_name": "Andr\xe9"}', "parse_error"),
    "bytes of a surrogate": (b'{"full_name": "\xed\xa0\x80"}', "parse_error"),
    "overlong UTF-8": (b'{"full_name": "\xc0\xaf"}', "parse_error"),
    "raw NUL": (b'{"full_name": "a\x00b"}', "parse_error"),
    "raw line end in text": (b'{"full_name": "a\nb"}', "parse_error"),
    "only NULs": (b"\x00" * 100, "parse_error"),
    "gzip": (b"\x1f\x8b\x08\x00", "parse_error"),
}

WRONG_TYPES: dict[str, list[Any]] = {
    "service": [1, 1.5, True, [], {}, None, "", "a b", "x" * 61, "../etc", "é"],
    "slot": ["1", "x", 1.5, True, False, [], [1], {}, None, 0, -1, 2**63, 10**30, "١", ""],
    "nik": [3509210101059001, True, [], {}, None, "", "x", "12345", "1" * 16],
    "full_name": [1, 1.5, True, [], {}, None, "", "   ", "...", "--", "A" * 101, "A" * 60000],
    "birth_date": [20050101, True, [], {}, None, ""],
    "confirm_nik": [1, 0, "true", "yes", [], {}, None],
    "ever_married": [1, "true", [], {}, None],
    "whatsapp": [1, "on", [], {}, None],
    "notice_read": [..., False, None, 0, 1, "no", "true", [], {}],
    "phone": [81234567890, True, [], {}, "x", "123", "0811;rm -rf", "+1 202 555 0100", "0" * 40],
    "email": [1, True, [], {}, "x", "a@b@c.id", "a@", "@b.id", "a b@c.id", "a" * 300 + "@b.id"],
    "language": [1, None, [], {}, "", "xx", "ID", "id-ID"],
    "companions": [-1, 2, "1", 1.0, True, [], {}, None],
    "support": ["wheelchair", 1, {}, None, [1], [None], ["x"], ["elderly"] * 2, ["other"] * 5000],
    "guardian": ["x", 1, True, [], {}],
    "residence_district": [1, True, [], {}, "35.09.99", "x" * 9, "' OR 1=1--", "%"],
}

#: One member of each kind of text that must not come in.
BAD_TEXT = {
    "NUL": "Siti\x00Aminah",
    "lone surrogate": "Siti\ud800",
    "right-to-left override": f"Siti {RLO}hanimA",
    "zero width space": f"Si{ZWSP}ti",
    "byte order mark": f"Siti{BOM}",
    "private use": "Siti\ue000",
    "escape": "Siti\x1b[2J",
    "delete": "Siti\x7f",
    "C1 control": "Siti\x85",
    "line feed": "Siti\nBcc: a@b.id",
    "carriage return": "Siti\r\nBcc: a@b.id",
    "tab": "Siti\tAminah",
    "line separator": "Siti\u2028",
    "unassigned": "Siti\u0378",
    "emoji": "Siti 😀",
    "forty marks": "Sit" + "\u0301" * 40 + "i",
}

BAD_NIKS = {
    "15 digits": "350921010105900",
    "17 digits": "35092101010590011",
    "letter O": "35O9210101059001",
    "all equal": "1111111111111111",
    "Arabic-Indic digits": "٣٥٠٩٢١٠١٠١٠٥٩٠٠١",
    "full width digits": "３５０９２１０１０１０５９００１",
    "sign": "+509210101059001",
    "underscores": "3509_2101_0105_9001",
    "quote": "' OR 1=1--",
}

DOUBTFUL_NIKS = {
    "no district 99": "3509990101059001",
    "day 00": "3509210001059001",
    "day 32": "3509213201059001",
    "day 72": "3509217201059001",
    "day 81": "3509218101059001",
    "month 13": "3509210113059001",
    "no province 99": "9909210101059001",
    "serial 0000": "3509210101050000",
    "another birth date": "3509210201059001",
}

BAD_DATES = [
    "x", "2005", "2005-01", "2005-1-1", "20050101", "01-01-2005", "2005/01/01", "2005-02-30",
    "2005-13-01", "2005-00-01", "0000-01-01", "99999-01-01", "-005-01-01", " 2005-01-01",
    "2005-01-01 ", "2005-01-01T00:00:00", "٢٠٠٥-٠١-٠١", "2005-W01-1", "2005-001", "today",
    "2005-01-01\n",
]  # fmt: skip
BAD_BIRTH_DATES = ["0001-01-01", "9999-12-31", str(date.today() + timedelta(days=2)), "1800-01-01"]

GUARDIANS = {
    "empty": {},
    "no name": {"relation": "mother", "consent": True},
    "no relation": {"full_name": "Misnati", "consent": True},
    "no consent": {"full_name": "Misnati", "relation": "mother"},
    "consent refused": {"full_name": "Misnati", "relation": "mother", "consent": False},
    "consent as text": {"full_name": "Misnati", "relation": "mother", "consent": "yes"},
    "unknown relation": {"full_name": "Misnati", "relation": "boss", "consent": True},
    "name of a number": {"full_name": 5, "relation": "mother", "consent": True},
    "name with NUL": {"full_name": "a\x00", "relation": "mother", "consent": True},
    "name turned around": {"full_name": f"a{RLO}b", "relation": "mother", "consent": True},
}

BOOKINGS = f"{BASE}bookings/"
SLOTS = f"{BASE}locations/kecamatan-ambulu/slots/"
TODAY = date.today()


def _day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def body_cases() -> list[Case]:
    return [
        Case(f"body: {name}", BOOKINGS, body, 400, code) for name, (body, code) in BODIES.items()
    ]


def field_cases() -> list[Case]:
    cases = []
    for name, values in WRONG_TYPES.items():
        for number, value in enumerate(values):
            short = "left out" if value is ... else json.dumps(value)[:30]
            code = {"notice_read": "notice_required", "nik": "invalid_nik"}.get(name)
            if value is None and name == "nik":
                code = "null"
            cases.append(
                Case(f"{name} {number}: {short}", BOOKINGS, booking(**{name: value}), 400, code)
            )
    cases += [Case(f"{name} is missing", BOOKINGS, booking(**{name: ...}), 400, "required")
              for name in ("service", "slot", "nik", "full_name", "birth_date")]  # fmt: skip
    for kind, text in BAD_TEXT.items():
        cases.append(Case(f"name with {kind}", BOOKINGS, booking(full_name=text)))
        if kind != "emoji":
            email = f"{text}@example.org"
            cases.append(Case(f"e-mail with {kind}", BOOKINGS, booking(email=email)))
            cases.append(Case(f"phone with {kind}", BOOKINGS, booking(phone=f"0812{text}")))
        cases.append(Case(f"service with {kind}", BOOKINGS, booking(service=text)))
        cases.append(Case(f"district with {kind}", BOOKINGS, booking(residence_district=text[:8])))
    for kind, nik in BAD_NIKS.items():
        cases.append(Case(f"NIK: {kind}", BOOKINGS, booking(nik=nik), 400, "invalid_nik"))
    for kind, nik in DOUBTFUL_NIKS.items():
        cases.append(Case(f"NIK: {kind}", BOOKINGS, booking(nik=nik), 400, "nik_doubtful"))
    for day in BAD_DATES:
        cases.append(
            Case(
                f"born {day!r}", BOOKINGS, booking(birth_date=day, confirm_nik=True), 400, "invalid"
            )
        )
    for day in BAD_BIRTH_DATES:
        cases.append(Case(f"born {day}", BOOKINGS, booking(birth_date=day, confirm_nik=True)))
    for kind, guardian in GUARDIANS.items():
        cases.append(Case(f"guardian: {kind}", BOOKINGS, booking(guardian=guardian)))
    for key in ["1234567", "x" * 65, "with space!", "kunci-\xe4-1234", "tab\tulator"]:
        headers = {"Idempotency-Key": key}
        cases.append(
            Case(f"key {key[:12]!r}", BOOKINGS, booking(), 400, "invalid", headers=headers)
        )
    return cases


def envelope_cases() -> list[Case]:
    cases = [
        Case("64 KB and one byte", BOOKINGS, b" " * 65537, 413, "too_large"),
        Case("3 MB", BOOKINGS, b" " * 3_000_000, 413, "too_large"),
        Case("3 MB of name", BOOKINGS, booking(full_name="A" * 3_000_000), 413, "too_large"),
        Case("negative length", BOOKINGS, b"{}", 400, None, headers={"Content-Length": "-1"}),
        Case("length of letters", BOOKINGS, b"{}", 400, None, headers={"Content-Length": "abc"}),
        Case("chunked", BOOKINGS, b"", 411, None, headers={"Transfer-Encoding": "chunked"}),
        Case("form", BOOKINGS, b"slot=1", 415, content_type="application/x-www-form-urlencoded"),
        Case("1,001 fields", BOOKINGS, b"a=1&" * 1001, 415,
             content_type="application/x-www-form-urlencoded"),
        Case("multipart", BOOKINGS, b"--x--", 415, content_type="multipart/form-data; boundary=x"),
        Case("no boundary", BOOKINGS, b"--x--", 415, content_type="multipart/form-data"),
        Case("plain text", BOOKINGS, GOOD.encode(), 415, content_type="text/plain"),
        Case("XML", BOOKINGS, b"<slot>1</slot>", 415, content_type="application/xml"),
        Case("no type", BOOKINGS, GOOD.encode(), 415, content_type=""),
        Case("type of nonsense", BOOKINGS, GOOD.encode(), 415, content_type=";;;/"),
        Case("type of 9 KB", BOOKINGS, GOOD.encode(), 415, content_type="a/" + "b" * 9000),
        Case("xml wanted", f"{BASE}services/", None, 406, "not_acceptable", "GET",
             {"Accept": "application/xml"}),
        Case("image wanted", BOOKINGS, booking(), 406, "not_acceptable",
             headers={"Accept": "image/png"}),
        Case("nonsense wanted", f"{BASE}services/", None, 406, "not_acceptable", "GET",
             {"Accept": ";;;"}),
        Case("format=xyz", f"{BASE}services/?format=xyz", None, 404, "not_found", "GET"),
        Case("format=api", f"{BASE}services/?format=api", None, 404, "not_found", "GET"),
        Case("evil host", f"{BASE}services/", None, 400, None, "GET", {"Host": "evil.example"}),
        Case("host of nonsense", f"{BASE}services/", None, 400, None, "GET", {"Host": "a b/c"}),
    ]  # fmt: skip
    for charset in ("utf-7", "utf-16", "latin-1", "unicode_escape", "idna", "bogus", "rot13", '"'):
        kind = f"application/json; charset={charset}"
        cases.append(
            Case(f"charset {charset}", BOOKINGS, GOOD.encode(), 415, "unsupported_media_type",
                 content_type=kind)
        )  # fmt: skip
    for packing in ("gzip", "deflate", "br", "zstd", "gzip, identity", "x"):
        headers = {"Content-Encoding": packing}
        cases.append(
            Case(f"packed as {packing}", BOOKINGS, GOOD.encode(), 415, "unsupported_media_type",
                 headers=headers)
        )  # fmt: skip
    paths = {
        "services/": "GET", "districts/": "GET", "locations/": "GET",
        "locations/kecamatan-ambulu/slots/": "GET", "bookings/": "POST",
        "bookings/AAAA-AAAA/": "GET", "bookings/AAAA-AAAA/cancel/": "POST",
        "bookings/AAAA-AAAA/reschedule/": "POST",
    }  # fmt: skip
    for path, right in paths.items():
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "FOO", "GET", "POST"):
            if method != right:
                cases.append(
                    Case(f"{method} {path}", BASE + path, None, 405, "method_not_allowed", method)
                )
    return cases


def query_cases() -> list[Case]:
    good = f"from={_day(0)}&to={_day(5)}"
    queries = {
        "nothing": "", "no from": f"to={_day(1)}", "no to": f"from={_day(1)}",
        "from after to": f"from={_day(2)}&to={_day(1)}",
        "63 days": f"from={_day(0)}&to={_day(62)}",
        "year 1": "from=0001-01-01&to=0001-01-02", "year 9999": "from=9999-12-30&to=9999-12-31",
        "over two years ahead": f"from={_day(740)}&to={_day(741)}",
        "over a year ago": f"from={_day(-370)}&to={_day(-369)}",
        "from twice": f"from={_day(0)}&from={_day(1)}&to={_day(2)}",
        "to twice": f"from={_day(0)}&to={_day(1)}&to={_day(2)}",
        "service twice": f"{good}&service=first-recording&service=replacement",
        "unknown service": f"{good}&service=nothing",
        "service of nonsense": f"{good}&service=%27%20OR%201=1--",
        "service with NUL": f"{good}&service=%00",
        "empty service": f"{good}&service=",
        "from with NUL": f"from=%00&to={_day(1)}",
        "1,001 parameters": good + "&a=1" * 1001,
    }  # fmt: skip
    cases = [Case(f"slots: {name}", f"{SLOTS}?{query}", method="GET", status=400)
             for name, query in queries.items()]  # fmt: skip
    for day in BAD_DATES:
        cases.append(
            Case(f"slots from {day!r}", f"{SLOTS}?from={_quoted(day)}&to={_day(1)}", method="GET")
        )
    for query in ["service=nothing", "service=%00", "service=", "service=a&service=b",
                  "service=%ff", "district=nothing", "district=%00", "district=", "district=%25",
                  "district=35.09.11&district=35.09.12", "district=" + "9" * 500]:  # fmt: skip
        cases.append(Case(f"places: {query[:30]}", f"{BASE}locations/?{query}", method="GET"))
    for page in ["0", "-1", "2", "x", "last", "1.0", "1e3", "%D9%A1", "+1", "9" * 30, "", "%20",
                 "1&page=1", "0x1", "%2500"]:  # fmt: skip
        cases.append(
            Case(f"page={page[:20]}", f"{BASE}services/?page={page}", None, 404, "not_found", "GET")
        )
    cases.append(
        Case("page with NUL, unquoted", f"{BASE}services/?page=%00", None, (400, 404), method="GET")
    )
    return cases


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text)


def path_cases() -> list[Case]:
    span = f"?from={_day(0)}&to={_day(5)}"
    paths = [
        "", "nothing/", "services", "services/x/", "locations/x", "bookings/a/b/c/d/",
        "locations/..%2f..%2fetc/slots/" + span, "locations/%00/slots/" + span,
        "locations/%ff/slots/" + span, "locations/" + "a" * 500 + "/slots/" + span,
        "locations/nothing/slots/" + span, "locations/Kecamatan%20Ambulu/slots/" + span,
        "locations/%F0%9F%98%80/slots/" + span, "locations/a'b/slots/" + span,
        "bookings/%00/", "bookings/x/", "bookings/AAAAAAAA/", "bookings/" + "A" * 5000 + "/",
        "bookings/%ff/", "bookings/..%2f/", "bookings/%F0%9F%98%80/", "bookings/' OR 1=1--/",
        "%2e%2e/", "%00", "schema/x/", "auth/", "counter/", "board/nothing/",
    ]  # fmt: skip
    cases = [
        Case(f"path {path[:30]}", BASE + path, None, 404, "not_found", "GET") for path in paths
    ]
    cases += [Case(f"POST to path {path[:30]}", BASE + path, booking(), 404, "not_found")
              for path in ("nothing/", "services", "bookings/x/cancel/")]  # fmt: skip
    cases.append(Case("below /api/ alone", "/api/", None, 404, "not_found", "GET"))
    cases.append(Case("another version", "/api/v2/services/", None, 404, "not_found", "GET"))
    for header in ["", "Booking", "Booking ", "Booking x", "Booking " + "A" * 32, "booking x",
                   "Booking " + "A" * 1_000_000, "Booking \xe9", "Booking a b", "Bearer x",
                   "Booking \ud83d".encode("utf-8", "surrogatepass").decode("latin-1"),
                   "Token x", "Basic YTpi"]:  # fmt: skip
        headers = {"Authorization": header} if header else {}
        name = f"with {header[:20]!r} of {len(header)}"
        cases.append(
            Case(
                f"booking {name}",
                f"{BASE}bookings/{{code}}/",
                None,
                404,
                "not_found",
                "GET",
                headers,
            )
        )
        cases.append(
            Case(f"cancel {name}", f"{BASE}bookings/{{code}}/cancel/", {}, 404, "not_found",
                 headers=headers)
        )  # fmt: skip
    return cases


PUBLIC = {
    "body": body_cases(),
    "field": field_cases(),
    "envelope": envelope_cases(),
    "query": query_cases(),
    "path": path_cases(),
}
