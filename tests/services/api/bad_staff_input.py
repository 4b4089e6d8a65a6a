"""Malformed requests of staff who are signed in; the same table as bad_input, continued."""

from typing import Any

from tests.services.api.asking import BASE
from tests.services.api.bad_input import BAD_DATES, RLO, Case, _day

HERE = f"{BASE}counter/kecamatan-ambulu/"
PLACE = f"{BASE}locations/kecamatan-ambulu/"
#: Replaced by the token of a supervisor of the place.
TOKEN = {"Authorization": "{token}"}


def _changed(
    good: dict[str, Any], path: str, values: dict[str, list[Any]], **options
) -> list[Case]:
    """One case for each wrong value of each field; `...` leaves the field out."""
    cases = []
    for name, wrongs in values.items():
        for number, wrong in enumerate(wrongs):
            body = {key: value for key, value in (good | {name: wrong}).items() if value is not ...}
            title = f"{path.removeprefix(BASE)} {name} {number}: {str(wrong)[:20]!r}"
            cases.append(Case(title, path, body, 400, **options))
    return cases


NO_TEXT = [..., None, 1, True, [], {}, "", "a\x00b", f"a{RLO}b", "a\ud800"]
NO_REASON = [..., None, 5, [], {}, "", "   ", "\t", "a\x00", f"a{RLO}b", "a\r\nBcc: x", "a" * 201]
NO_DATES = [..., None, 20260101, [], "", *BAD_DATES, "0001-01-01", "9999-12-31"]
NO_BOOLEAN = ["maybe", 1, 0, [], {}, "true"]


def sign_in_cases() -> list[Case]:
    good = {"username": "pengawas", "password": "wrong-password"}
    values = {
        "username": [*NO_TEXT, "x" * 151],
        "password": [..., None, 1, True, [], {}, "", "a\x00b", "a\ud800", "x" * 201, "x" * 60000],
    }
    return _changed(good, f"{BASE}auth/login/", values)


def counter_cases() -> list[Case]:
    good = {"code": "{code}", "temperature_c": 36.5, "mask": True, "symptoms": False}
    cases = _changed(
        good,
        f"{HERE}check-in/",
        {
            "code": [..., None, 5, True, [], {}, "", " ", "a\x00", f"A{RLO}", "A" * 401],
            "temperature_c": [99, -5, 0, 29.9, 45, 1e9, 36.55, True, [], {}, "", "x", "NaN", "1e1",
                              "37,25", "٣٧", "36.6°", "9" * 400, " 36,6"],
            "mask": NO_BOOLEAN,
            "symptoms": NO_BOOLEAN,
            "companions": [-1, 10, 1.5, "1", True, [], {}, 10**30],
        },
        headers=TOKEN,
    )  # fmt: skip
    numbers = [..., None, 0, -1, 1000, 10**12, 10**30, 1.5, "1", "١", True, [], {}]
    cases += _changed({"counter": 1}, f"{HERE}call-next/", {"counter": numbers}, headers=TOKEN)
    reasons = [..., None, 1, True, [], {}, "", "x", "biometrics "]
    path = f"{HERE}{{code}}/not-recorded/"
    cases += _changed({"reason": "equipment"}, path, {"reason": reasons}, headers=TOKEN)
    for code in ["AAAA-AAAA", "x", "%00", "%ff", "..%2f", "A" * 3000, "' OR 1=1--", "%F0%9F%98%80"]:
        where = f"{HERE}{code}/record/"
        cases.append(Case(f"record of {code[:9]}", where, {}, 404, "not_found", headers=TOKEN))
    for body in (b"[]", b"null", b'"x"', b"{", b'{"a":1,"a":2}'):
        where = f"{HERE}{{code}}/record/"
        cases.append(Case(f"record with {body!r}", where, body, 400, headers=TOKEN))
    return cases


def supervisor_cases() -> list[Case]:
    span = {"from": _day(1), "to": _day(5), "reason": "Alat rusak", "on_excess": "keep"}
    shared = {
        "from": NO_DATES,
        "to": NO_DATES,
        "reason": NO_REASON,
        "on_excess": ["x", None, 1, [], "", "move", "cancel"],
        "dry_run": NO_BOOLEAN,
    }
    capacity = {
        "capacity": [..., None, -5, 1001, 10**12, 10**30, 1.5, "6", True, [], {}],
        "weekdays": [[9], [0], [-1], [1, 1], ["1"], [1.5], [True], [None], [[1]], "1", 1, {}, None,
                     list(range(1, 9)), [1] * 15000],
        "start_time": ["24:00", "25:61", "8:00", "08:00:00", "0800", 8, "٠٨:٠٠", [], "", "12:00\n"],
        "end_time": ["24:00", "07:59", "x", 12, True],
    }  # fmt: skip
    path = f"{PLACE}capacity-changes/"
    good = span | {"capacity": 3, "start_time": "08:00", "end_time": "12:00"}
    cases = _changed(good, path, shared | capacity, headers=TOKEN)
    cases += _changed(span, f"{PLACE}closures/", shared, headers=TOKEN)
    wrong = {
        "from after to": {"from": _day(5), "to": _day(4)},
        "two years": {"from": _day(0), "to": _day(400)},
        "start is end": {"start_time": "08:00", "end_time": "08:00"},
    }
    cases += [Case(f"capacity: {name}", path, good | values, 400, "invalid", headers=TOKEN)
              for name, values in wrong.items()]  # fmt: skip
    return cases


STAFF = {
    "sign-in": sign_in_cases(),
    "counter": counter_cases(),
    "supervisor": supervisor_cases(),
}
