"""A day's messages in numbers: what was to go out on it, by kind, channel and state."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Count, Min, Q
from django.db.models.functions import Now

from locations.slots import LOCAL
from notifications.models import OPEN, Kind, Message, State

#: States as the page shows them, in the order of the bars; those still open are one.
GROUPS: tuple[tuple[str, str, tuple[State, ...]], ...] = (
    ("delivered", "is-ok", (State.DELIVERED,)),
    ("sent", "is-new", (State.SENT,)),
    ("waiting", "is-wait", tuple(OPEN)),
    ("failed", "is-stop", (State.FAILED,)),
    ("expired", "is-stop is-faint", (State.EXPIRED,)),
    ("withdrawn", "is-none", (State.WITHDRAWN,)),
)
_GROUP_OF = {state: name for name, _look, states in GROUPS for state in states}


@dataclass
class Row:
    """How many messages of one kind, or on one channel, are in each group of states."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def cells(self) -> list[int]:
        return [self.counts[name] for name, _look, _states in GROUPS]

    @property
    def parts(self) -> list[tuple[str, int, int]]:
        """(look, from, how many) of each part of the row's bar."""
        found, start = [], 0
        for name, look, _states in GROUPS:
            if self.counts[name]:
                found.append((look, start, self.counts[name]))
                start += self.counts[name]
        return found


@dataclass(frozen=True)
class Day:
    day: date
    kinds: list[Row]
    channels: list[Row]
    total: Row
    failures: list[tuple[str, int]]

    @property
    def most(self) -> int:
        """Messages of the commonest kind: the length of the longest bar."""
        return max((row.total for row in self.kinds), default=0) or 1


def numbers_of(day: date) -> Day:
    """What was to be sent on a local day. One statement."""
    begins = datetime.combine(day, time(0), LOCAL)
    grouped = (
        Message.objects.filter(send_after__gte=begins, send_after__lt=begins + timedelta(days=1))
        .values("kind", "channel", "state", "failure")
        .annotate(how_many=Count("pk"))
        .order_by()
    )
    kinds: dict[str, Row] = {kind: Row(kind) for kind in Kind.values}
    channels: dict[str, Row] = {}
    total, failures = Row(""), Counter[str]()
    for line in grouped:
        group, many = _GROUP_OF[State(line["state"])], line["how_many"]
        for row in (
            kinds.setdefault(line["kind"], Row(line["kind"])),
            channels.setdefault(line["channel"], Row(line["channel"])),
            total,
        ):
            row.counts[group] += many
        if line["failure"] and line["state"] != State.WITHDRAWN:
            failures[line["failure"]] += many
    return Day(
        day, _used(kinds.values()), _used(channels.values()), total, failures.most_common(12)
    )


def _used(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.total]


def backlog() -> tuple[int, datetime | None]:
    """How many messages could go out now and have not, and since when the oldest waits."""
    waiting = Message.objects.filter(
        Q(state=State.DUE) | Q(state=State.PLANNED, next_attempt_at__lte=Now())
    ).aggregate(many=Count("pk"), oldest=Min("send_after"))
    return waiting["many"], waiting["oldest"]
