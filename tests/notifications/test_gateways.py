"""Each gateway against a real one on this machine, with each fault; and what a person may type."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from notifications.gateways import (
    Blocked,
    NotSent,
    Outgoing,
    Permanent,
    Taken,
    Temporary,
    Unknown,
    bounded,
)
from notifications.gateways.configuration import GatewaySetting, read
from notifications.gateways.connected import SEND

from . import http_gateway as faults
from .http_gateway import HttpGateway, http_gateway

TOKEN = "EAAsecret" + "x" * 30
BOT = "123456:AAbot-token_" + "y" * 20
FORMS = {
    "whatsapp": (
        "GATEWAY_WHATSAPP",
        f"whatsapp://{TOKEN}@127.0.0.1:PORT/v21.0/15550001111?tls=off",
        "+6281234567890",
    ),
    "sms": ("GATEWAY_SMS", "http://user:p%40ss@127.0.0.1:PORT/send", "+6281234567890"),
    "telegram": ("GATEWAY_TELEGRAM", f"telegram://{BOT}@127.0.0.1:PORT?tls=off", "998877"),
}
NAMES = sorted(FORMS)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "ATTEMPT_SECONDS", 0.8)


@pytest.fixture
def gateway() -> Iterator[HttpGateway]:
    with http_gateway() as gateway:
        yield gateway


def setting(name: str, port: int, more: str = "") -> GatewaySetting:
    variable, url, _ = FORMS[name]
    url = url.replace("PORT", str(port))
    url += ("&" if "?" in url else "?") + more if more else ""
    found, problems = read({variable: url}, frozenset({"127.0.0.1"}))
    assert problems == []
    return found[name]


def outgoing(name: str, **changes: object) -> Outgoing:
    values: dict[str, object] = {
        "to": FORMS[name][2],
        "kind": "confirmed",
        "language": "id",
        "subject": "Jadwal Anda tercatat",
        "text": "Dispendukcapil Jember: teks.",
        "reference": "reference-1",
        "template": "konfirmasi_1",
        "template_values": ("Siti", "Rekam KTP-el"),
    }
    return Outgoing(**(values | changes))  # type: ignore[arg-type]


def send(name: str, gateway: HttpGateway, more: str = "", **changes: object) -> Taken:
    found = setting(name, gateway.port, more)
    return SEND[found.scheme](outgoing(name, **changes), found)


@pytest.mark.parametrize(
    ("name", "provider_id"), [("whatsapp", "provider-1"), ("sms", "provider-1"), ("telegram", "1")]
)
def test_a_message_is_taken_and_its_id_comes_back(
    gateway: HttpGateway, name: str, provider_id: str
) -> None:
    assert send(name, gateway) == Taken(provider_id)
    assert len(gateway.received) == 1


def test_whatsapp_gets_a_template_with_its_values_and_never_the_text(gateway: HttpGateway) -> None:
    send("whatsapp", gateway)
    (received,) = gateway.received
    assert received.path == "/v21.0/15550001111/messages"
    assert received.headers["Authorization"] == f"Bearer {TOKEN}"
    assert received.json() == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "6281234567890",
        "type": "template",
        "template": {
            "name": "konfirmasi_1",
            "language": {"code": "id"},
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "text": "Siti"},
                        {"type": "text", "text": "Rekam KTP-el"},
                    ],
                }
            ],
        },
        "biz_opaque_callback_data": "reference-1",
    }


def test_plain_http_sends_the_fields_that_the_settings_name(gateway: HttpGateway) -> None:
    send("sms", gateway)
    (received,) = gateway.received
    assert received.headers["Authorization"] == "Basic dXNlcjpwQHNz"
    assert received.headers["Idempotency-Key"] == "reference-1"
    assert received.json() == {
        "to": "+6281234567890",
        "text": "Dispendukcapil Jember: teks.",
        "reference": "reference-1",
    }
    gateway.answer = faults.status(200, {"data": [{"sid": 77}]})
    more = (
        "field.message.body={text}&field.message.to={to_digits}&field.sender=DUKCAPIL"
        "&header.X-Key=k&auth=bearer&id=data.0.sid"
    )
    assert send("sms", gateway, more) == Taken("77")
    received = gateway.received[1]
    assert received.headers["X-Key"] == "k"
    assert received.headers["Authorization"] == "Bearer p@ss"
    assert received.json() == {
        "message": {"body": "Dispendukcapil Jember: teks.", "to": "6281234567890"},
        "sender": "DUKCAPIL",
    }
    gateway.answer = faults.taken()
    send("sms", gateway, "format=form")
    assert gateway.received[2].form()["text"] == "Dispendukcapil Jember: teks."


def test_telegram_gets_plain_text_without_markup_or_preview(gateway: HttpGateway) -> None:
    send("telegram", gateway, text="*a* <b>b</b> {x}")
    (received,) = gateway.received
    assert received.path == f"/bot{BOT}/sendMessage"
    assert received.json() == {
        "chat_id": 998877,
        "text": "*a* <b>b</b> {x}",
        "link_preview_options": {"is_disabled": True},
    }


FAULTS: list[tuple[Callable[[], faults.Answer], dict[str, type[NotSent]]]] = [
    (faults.nonsense, {"": Unknown}),
    (lambda: faults.status(200, b""), {"": Unknown}),
    (lambda: faults.status(200, b"[" * 60_000), {"": Unknown}),
    (lambda: faults.status(200, {"messages": [], "ok": True, "id": None}), {"": Unknown}),
    (lambda: faults.status(200, {"id": "a b\r\n", "ok": True}), {"": Unknown}),
    (lambda: faults.status(400), {"": Permanent}),
    (lambda: faults.status(401), {"": Blocked}),
    (lambda: faults.status(402), {"": Blocked}),
    (lambda: faults.status(403), {"": Blocked, "telegram": Permanent}),
    (lambda: faults.status(404), {"": Permanent, "telegram": Blocked}),
    (lambda: faults.status(410), {"": Permanent}),
    (lambda: faults.status(422), {"": Permanent}),
    (lambda: faults.status(429), {"": Temporary}),
    (lambda: faults.status(500), {"": Temporary}),
    (lambda: faults.status(503, b"<html>"), {"": Temporary}),
    (lambda: faults.redirect("http://169.254.169.254/"), {"": Blocked}),
    (lambda: faults.redirect("/elsewhere", 307), {"": Blocked}),
    (lambda: faults.hang(3), {"": Unknown}),
    (lambda: faults.drip(0.05, 100), {"": Unknown}),
    (faults.endless, {"": Unknown}),
    (faults.cut, {"": Unknown}),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_sorted_by_what_may_have_happened(
    gateway: HttpGateway,
    name: str,
    fault: tuple[Callable[[], faults.Answer], dict[str, type[NotSent]]],
) -> None:
    make, expected = fault
    gateway.answer = make()
    with pytest.raises(NotSent) as raised:
        send(name, gateway)
    assert type(raised.value) is expected.get(name, expected[""]), raised.value.code
    assert len(gateway.received) == 1  # nothing is sent twice, no redirect is followed
    assert raised.value.code.isascii() and len(raised.value.code) <= 40


@pytest.mark.parametrize("name", ["sms", "whatsapp"])
@pytest.mark.parametrize(
    ("header", "seconds"), [("120", 120), ("99999999", 3600), ("soon", None), ("", None)]
)
def test_retry_after_comes_with_a_temporary_answer(
    gateway: HttpGateway, name: str, header: str, seconds: int | None
) -> None:
    gateway.answer = faults.status(429, b"", Retry_After=header)
    with pytest.raises(Temporary) as raised:
        send(name, gateway)
    pause = raised.value.retry_after
    assert (pause.total_seconds() if pause is not None else None) == seconds


@pytest.mark.parametrize(("said", "seconds"), [(35, 35), (10**9, 3600), ("x", None), (-1, None)])
def test_telegram_says_in_its_body_how_long_to_wait(
    gateway: HttpGateway, said: object, seconds: int | None
) -> None:
    gateway.answer = faults.status(429, {"ok": False, "parameters": {"retry_after": said}})
    with pytest.raises(Temporary) as raised:
        send("telegram", gateway)
    pause = raised.value.retry_after
    assert (pause.total_seconds() if pause is not None else None) == seconds


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 131026, Permanent),
        (400, 131047, Permanent),
        (400, 131049, Permanent),
        (400, 131030, Permanent),
        (400, 132005, Permanent),
        (400, 131056, Temporary),
        (400, 130429, Temporary),
        (400, 80007, Temporary),
        (400, 4, Temporary),
        (500, 131000, Temporary),
        (401, 190, Blocked),
        (401, 0, Blocked),
        (403, 10, Blocked),
        (403, 200, Blocked),
        (403, 368, Blocked),
        (403, 131031, Blocked),
        (400, 131042, Blocked),
        (400, 132000, Blocked),
        (404, 132001, Blocked),
        (400, 132015, Blocked),
        (400, 132016, Blocked),
        (400, 999999, Permanent),
        (500, 999999, Temporary),
    ],
)
def test_metas_error_codes_say_more_than_its_status(
    gateway: HttpGateway, status: int, code: int, expected: type[NotSent]
) -> None:
    gateway.answer = faults.status(status, {"error": {"code": code, "message": "to +62812 …"}})
    with pytest.raises(NotSent) as raised:
        send("whatsapp", gateway)
    assert type(raised.value) is expected
    assert raised.value.code in (f"whatsapp_{code}", f"http_{status}")


def test_a_phone_number_id_that_does_not_exist_blocks_and_a_bad_parameter_does_not(
    gateway: HttpGateway,
) -> None:
    gateway.answer = faults.status(400, {"error": {"code": 100, "error_subcode": 33}})
    with pytest.raises(Blocked):
        send("whatsapp", gateway)
    gateway.answer = faults.status(400, {"error": {"code": 100, "error_subcode": 2494010}})
    with pytest.raises(Permanent):
        send("whatsapp", gateway)


@pytest.mark.parametrize(
    "error", [{"code": True}, {"code": "190"}, {"code": None}, "no", None, [1], {}]
)
def test_errors_of_another_shape_are_sorted_by_status(gateway: HttpGateway, error: object) -> None:
    gateway.answer = faults.status(400, {"error": error})
    with pytest.raises(Permanent, match="http_400"):
        send("whatsapp", gateway)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "to",
    ["", "+62", "0812", "+62812\r\nX: 1", "+62812345678901234567", "+٦٢٨١٢٣٤٥٦٧٨", "a@b.c", "../x"],
)
def test_what_is_no_address_is_refused_and_nothing_goes_out(
    gateway: HttpGateway, name: str, to: str
) -> None:
    if name == "telegram" and to == "0812":
        return  # a number, as far as a chat id goes
    with pytest.raises(Permanent, match="address_invalid"):
        send(name, gateway, to=to)
    assert gateway.received == []


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        ("Siti\nBcc: x", "Siti Bcc: x"),
        ("a\tb    c", "a b c"),
        ("\u202eevil\u202c Siti\u200b", "evil Siti"),
        ("Siti 👩‍🦰", "Siti 👩🦰"),
        ("{{1}} %s", "{{1}} %s"),
    ],
)
def test_a_value_of_a_template_is_one_clean_line(
    gateway: HttpGateway, typed: str, arrives: str
) -> None:
    send("whatsapp", gateway, template_values=(typed,))
    (parameter,) = gateway.received[0].json()["template"]["components"][0]["parameters"]
    assert parameter["text"] == arrives


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"template": ""}, "no_template"),
        ({"template": "a/../b"}, "no_template"),
        ({"template_values": ("Siti", " \n")}, "value_empty"),
        ({"template_values": ("\u200b",)}, "value_empty"),
        ({"template_values": ("x" * 10_000,)}, "too_long"),
    ],
)
def test_whatsapp_refuses_what_meta_would_refuse(
    gateway: HttpGateway, changes: dict[str, object], code: str
) -> None:
    with pytest.raises(Permanent, match=code):
        send("whatsapp", gateway, **changes)
    assert gateway.received == []


@pytest.mark.parametrize("name", ["sms", "telegram"])
@pytest.mark.parametrize(
    "text", ["a\r\nX-Evil: 1\r\n\r\nb", '","to":"+1', "👩‍🦰 \u202e {to} & = %0d"]
)
@pytest.mark.parametrize("form", ["json", "form"])
def test_a_text_stays_inside_its_field(
    gateway: HttpGateway, name: str, text: str, form: str
) -> None:
    if name == "telegram" and form == "form":
        return
    send(name, gateway, f"format={form}" if name == "sms" else "", text=text)
    (received,) = gateway.received
    fields = received.form() if form == "form" else received.json()
    assert fields["text"] == text
    assert "X-Evil" not in received.headers


def test_nothing_personal_and_no_secret_is_in_what_could_be_logged(gateway: HttpGateway) -> None:
    gateway.answer = faults.status(400, {"error": {"message": "+6281234567890"}})
    for name in NAMES:
        found = setting(name, gateway.port)
        shown = [repr(found), str(found), repr(outgoing(name))]
        with pytest.raises(NotSent) as raised:
            SEND[found.scheme](outgoing(name), found)
        shown += [repr(raised.value), repr(raised.value.__cause__)]
        for secret in (TOKEN, BOT, "p@ss", "81234567890", "998877", "Dispendukcapil", "Siti"):
            assert secret not in " ".join(shown)
