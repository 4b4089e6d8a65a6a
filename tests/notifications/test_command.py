"""manage.py deliver_messages: a round by hand, with the clock moved."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from .factories import plan, wib
from .smtp_sink import Sink

pytestmark = pytest.mark.django_db


def run(**options: str) -> str:
    out = StringIO()
    call_command("deliver_messages", stdout=out, **options)
    return out.getvalue()


def test_it_delivers_what_is_due_now(sink: Sink) -> None:
    plan(2)
    assert run() == "sent: 2\n"
    assert run() == "Nothing was due.\n"


@pytest.mark.parametrize(
    "moment", ["2027-03-15T16:00", "2027-03-15T09:00+00:00", "2027-03-15 16:00"]
)
def test_it_delivers_what_would_be_due_then(sink: Sink, moment: str) -> None:
    plan(send_after=wib("2027-03-15 16:00"), send_before=wib("2027-03-16 00:00"))
    assert run(now="2027-03-15T15:59") == "Nothing was due.\n"
    assert run(now=moment) == "sent: 1\n"


@pytest.mark.parametrize("moment", ["tomorrow", "2027-13-01T00:00", ""])
def test_what_is_no_time_is_refused_in_a_sentence(moment: str) -> None:
    with pytest.raises(CommandError, match="is not a time like"):
        run(now=moment)
