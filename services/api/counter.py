"""The door and the counters of a location, for its staff; and what its display shows."""

from collections.abc import Callable

from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from locations.models import Location
from services import visit
from services.api.base import ApiView, StaffView, given, nothing_given
from services.api.staff_answers import BoardAnswer, DayAnswer, VerdictAnswer, VisitorAnswer
from services.api.staff_requests import CallNextGiven, CheckInGiven, NotRecordedGiven
from services.models import Booking
from services.today import board, today_at

CHECK_IN_GIVEN, CALL_NEXT_GIVEN = CheckInGiven(), CallNextGiven()
NOT_RECORDED_GIVEN = NotRecordedGiven()


class Day(StaffView):
    """Who waits, who is at a counter, who is still to come today; and how full the room is."""

    @extend_schema(responses=DayAnswer)
    def get(self, request: Request, location: str) -> Response:
        return Response(DayAnswer(today_at(self.place(location, "read"))).data)


class CheckIn(StaffView):
    """Take in who stands at the door. A second scan changes nothing."""

    codes = {
        409: ("wrong_location", "wrong_day", "too_early", "invalid_transition", "slot_full",
              "slot_closed")
    }  # fmt: skip

    @extend_schema(request=CheckInGiven, responses=VerdictAnswer)
    def post(self, request: Request, location: str) -> Response:
        place = self.place(location, "counter")
        wish = given(CHECK_IN_GIVEN, request)
        verdict = visit.check_in(location=place, who=self.who, **wish)
        return Response(VerdictAnswer(verdict).data)


class CallNext(StaffView):
    """Who is next comes to this counter; 204 when nobody waits."""

    @extend_schema(request=CallNextGiven, responses={200: VisitorAnswer, 204: None})
    def post(self, request: Request, location: str) -> Response:
        place = self.place(location, "counter")
        wish = given(CALL_NEXT_GIVEN, request)
        called = visit.call_next(location=place, counter=wish["counter"], who=self.who)
        if called is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(VisitorAnswer(called).data)


class Outcome(StaffView):
    """What becomes of one visitor. `verb`: a function of services/visit.py."""

    verb: Callable[..., Booking]
    codes = {409: ("invalid_transition",)}

    @extend_schema(request=None, responses=VisitorAnswer)
    def post(self, request: Request, location: str, code: str) -> Response:
        place = self.place(location, "counter")
        nothing_given(request)
        booking = type(self).verb(location=place, code=code, who=self.who)
        return Response(VisitorAnswer(booking).data)


class Record(Outcome):
    """Recorded; which is not yet card in hand."""

    verb = staticmethod(visit.record)


class Recall(Outcome):
    """Call the same person once more."""

    verb = staticmethod(visit.recall)


class Park(Outcome):
    """From the counter back to the waiting room, with the same number."""

    verb = staticmethod(visit.park)


class NoShow(Outcome):
    """Not there when it was their turn."""

    verb = staticmethod(visit.no_show)


class Defer(Outcome):
    """Turned away for health, with priority for a new place."""

    verb = staticmethod(visit.defer)


class NotRecorded(StaffView):
    """The visit ended without a recording, and not by the person's fault."""

    codes = {409: ("invalid_transition",)}

    @extend_schema(request=NotRecordedGiven, responses=VisitorAnswer)
    def post(self, request: Request, location: str, code: str) -> Response:
        place = self.place(location, "counter")
        reason = given(NOT_RECORDED_GIVEN, request)["reason"]
        booking = visit.not_recorded(location=place, code=code, reason=reason, who=self.who)
        return Response(VisitorAnswer(booking).data)


class Board(ApiView):
    """What the public display of a location shows: numbers and counters, no names."""

    @extend_schema(responses=BoardAnswer)
    def get(self, request: Request, location: str) -> Response:
        place = Location.objects.select_related("protocol").filter(slug=location, active=True)
        if (found := place.first()) is None:
            raise exceptions.NotFound()
        return Response(BoardAnswer(board(found)).data)
