"""Everything that the one screen of the counter shows, gathered from a few statements."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from locations.models import Counter, Location
from locations.slots import LOCAL
from services.arrival import Arrival, visit_of
from services.counter import words
from services.counter.forms import ScreeningForm
from services.identity import age_on
from services.lifecycle import Status
from services.models import Booking
from services.screening import Asks, asked_by
from services.today import SlotOfDay, Today, today_at

#: The slots around now are open on the page, the others folded.
NEAR = timedelta(minutes=75)
GAUGE_BARS = 20
CHOSEN = "counter"  # in the session: location → number of the counter


@dataclass(frozen=True)
class Card:
    """A person at the door or already in, and what may be done."""

    booking: Booking
    day: date

    @property
    def age(self) -> int | None:
        born = self.booking.birth_date
        return age_on(born, self.day) if born else None

    @property
    def support(self) -> list[str]:
        return words.support(self.booking)

    @property
    def state(self) -> words.State:
        return words.state(self.booking)

    @property
    def is_at_the_door(self) -> bool:
        return self.booking.status in (Status.BOOKED, Status.NO_SHOW)

    @property
    def may_be_absent(self) -> bool:
        return self.booking.status in (Status.BOOKED, Status.CHECKED_IN)


@dataclass(frozen=True)
class Row:
    """One line of a list: a person and their state."""

    booking: Booking
    minutes: int = 0

    @property
    def number(self) -> int:
        visit = visit_of(self.booking)
        return (visit.queue_number if visit else 0) or 0

    @property
    def state(self) -> words.State:
        return words.state(self.booking)

    @property
    def support(self) -> list[str]:
        return words.support(self.booking)


@dataclass(frozen=True)
class Session:
    """One arrival window of today's list."""

    of_day: SlotOfDay
    is_near: bool
    rows: list[Row] = field(default_factory=list)


@dataclass
class Desk:
    """The screen: the day, this counter, and what is being said about somebody at the door."""

    location: Location
    today: Today
    counters: list[Counter]
    mine: Counter | None
    shown: words.Shown | None = None
    card: Card | None = None
    form: ScreeningForm | None = None
    typed: str = ""

    @property
    def asks(self) -> Asks:
        return asked_by(self.location.protocol)

    @property
    def current(self) -> Booking | None:
        """Who is at this counter now."""
        if self.mine is None:
            return None
        return next((b for b in self.today.called if b.visit.counter_id == self.mine.pk), None)

    @property
    def waiting(self) -> list[Row]:
        return [Row(booking, self._minutes_waited(booking)) for booking in self.today.waiting]

    @property
    def sessions(self) -> list[Session]:
        return [
            Session(one, self._is_near(one), [Row(booking) for booking in one.bookings])
            for one in self.today.slots
            if one.bookings
        ]

    @property
    def gauge(self) -> list[bool]:
        """Bars of the gauge, filled up to the people inside."""
        limit = max(1, self.today.inside_limit)
        bars = min(limit, GAUGE_BARS)
        filled = -(-self.today.inside * bars // limit)
        return [bar < filled for bar in range(bars)]

    def _minutes_waited(self, booking: Booking) -> int:
        came = booking.visit.checked_in_at
        return int((self.today.now - came).total_seconds() // 60) if came else 0

    def _is_near(self, one: SlotOfDay) -> bool:
        now = self.today.now
        return one.slot.starts_at - NEAR <= now <= one.slot.ends_at + NEAR


def desk(request: HttpRequest, location: Location) -> Desk:
    """The screen before anybody was looked up."""
    counters = list(Counter.objects.filter(location=location, active=True).order_by("number"))
    chosen = request.session.get(CHOSEN, {}).get(location.slug)
    mine = next((one for one in counters if one.number == chosen), None)
    if mine is None and len(counters) == 1:
        mine = counters[0]
    return Desk(location, today_at(location), counters, mine)


def show_arrival(screen: Desk, arrival: Arrival, form: ScreeningForm | None = None) -> None:
    """Put somebody who was found on the screen, with the questions of the protocol in force."""
    booking = arrival.booking
    screen.card = Card(booking, screen.today.now.astimezone(LOCAL).date())
    if screen.shown is None:
        screen.shown = words.standing(arrival, screen.asks, screen.today)
    if screen.card.is_at_the_door:
        screen.form = form or ScreeningForm(
            asks=screen.asks, initial={"code": booking.code, "companions": booking.companions}
        )


def render_desk(request: HttpRequest, screen: Desk, status: int = 200) -> HttpResponse:
    return render(request, "counter/desk.html", {"screen": screen}, status=status)
