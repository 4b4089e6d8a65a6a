"""Book, move and cancel a place: the verbs that pages, API and commands share.

Each is one transaction. Lock order for everybody: bookings by id, then slots by id; the slot's row
is locked only by the trigger that counts, in the last write before the commit. What the public may
not do is refused by reading first, which is cheap; the database refuses again when it is written,
which is certain.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from locations.history import note_change
from locations.models import Slot
from locations.slots import LOCAL, clock
from notifications import consents
from notifications.models import Consent
from notifications.personal_data import lookup_hash
from services import messages
from services.availability import nearest_free
from services.codes import new_code, read_code
from services.conflicts import constraint_of, retried
from services.idempotency import KeyTaken, body_hash, take_key
from services.identity import (
    Person,
    check_age,
    check_consent,
    check_guardian,
    check_nik_doubts,
)
from services.lifecycle import ACTIVE, Actor, Status, check_move, may_reschedule
from services.models import Booking, IdempotencyKey, Service, new_id
from services.nik import clean_nik
from services.refusals import (
    AlreadyBooked,
    FieldRefusal,
    InvalidTransition,
    KeyReused,
    NotFound,
    PlaceRefusal,
    Refusal,
    SlotClosed,
    SlotFull,
    TooLate,
)
from services.resting import Hash, check_rested, with_rest
from services.tokens import token_opens

WITH_PLACE = ("service", "slot__location__protocol", "slot__location__district")
PLACE_REFUSALS: dict[str, type[PlaceRefusal]] = {
    "slot_full": SlotFull,
    "slot_closed": SlotClosed,
    "slot_missing": SlotClosed,  # taken away since it was looked at: opening hours were changed
}


class Booked(NamedTuple):
    """A booking, and whether it was made before by the same request."""

    booking: Booking
    replayed: bool


@retried
def book(
    *,
    service: Service,
    slot_id: int,
    person: Person,
    key: str | None = None,
    channel: str = Booking.Channel.ONLINE,
    takes_reserve: bool = False,
    who: str = "resident",
    why: str = "booked online",
    now: datetime | None = None,
) -> Booked:
    """Give a person a place in a slot.

    `key` makes a repeated request harmless: the same key with the same content finds the booking
    that it made, whatever the world looks like by then. Raises FieldRefusal, SlotFull, SlotClosed
    or TooSoon (with alternatives), AlreadyBooked, KeyReused; then nothing was written.
    """
    body = body_hash(service, slot_id, person) if key else b""
    try:
        return Booked(
            _book(service, slot_id, person, key, body, channel, takes_reserve, who, why, now),
            replayed=False,
        )
    except (KeyTaken, Refusal) as refusal:
        # Its own earlier success may be what stands in the way: it has committed with its key, so
        # this look-up sees it.
        made = _made_before(key, body) if key else None
        if made:
            return Booked(made, replayed=True)
        if isinstance(refusal, AlreadyBooked):
            messages.send_link_again(service.pk, lookup_hash("nik", person.nik))
        if isinstance(refusal, KeyTaken):
            raise AssertionError("the key was taken, and is gone") from None
        raise


def _book(
    service: Service,
    slot_id: int,
    person: Person,
    key: str | None,
    body: bytes,
    channel: str,
    takes_reserve: bool,
    who: str,
    why: str,
    now: datetime | None,
) -> Booking:
    nik_hash = lookup_hash("nik", person.nik)
    slot = _slot_to_take(service, slot_id, now, nik_hash)
    visit_day = slot.starts_at.astimezone(LOCAL).date()
    nik_doubtful = check_nik_doubts(person)
    check_age(person, service.minimum_age, visit_day)
    check_guardian(person, visit_day)
    # The place first: a full one says nothing about a NIK, however often it is asked for.
    _check_room(service, slot, takes_reserve, now)
    if slot.already_booked:
        raise AlreadyBooked()
    check_rested(service, slot, now)

    moment = slot.moment
    booking = Booking(
        id=new_id(),
        code=new_code(),
        service=service,
        slot=slot,
        channel=channel,
        takes_reserve=takes_reserve,
        created_at=moment,
        nik_hash=nik_hash,
        phone_hash=lookup_hash("phone", person.phone) if person.phone else None,
        nik_doubtful=nik_doubtful,
        ever_married=person.ever_married,
        residence_district_id=person.residence_district,
        language=person.language,
        whatsapp=person.whatsapp,
        companions=person.companions,
        support=list(person.support),
        notice_version=person.notice_version,
    )
    booking.nik = person.nik
    booking.full_name = person.full_name
    booking.birth_date_text = person.birth_date.isoformat()
    booking.phone = person.phone
    booking.email = person.email
    if person.guardian:
        booking.guardian_name = person.guardian.full_name
        booking.guardian_relation = person.guardian.relation
        booking.guardian_consent_at = moment
    try:
        with transaction.atomic():
            note_change(who=who, why=why)
            if key:
                take_key(key, body, booking.id, moment)
            messages.plan_booked(booking, slot, now=moment)
            if person.whatsapp:
                consents.note(
                    booking.id,
                    "whatsapp",
                    True,
                    source=Consent.Source.BOOKING,
                    text_version=person.notice_version,
                )
            booking.save(force_insert=True)
    except IntegrityError as error:
        raise _refusal_for(error, service, slot, now) from None
    return booking


def _slot_to_take(
    service: Service, slot_id: int, now: datetime | None, nik_hash: Hash | None
) -> Slot:
    """The wanted slot with its place, `available`, `moment` (the clock), `already_booked` and
    `rests_until`: one statement. FieldRefusal where this service has no such slot."""
    slots = (
        Slot.objects.with_available(now)
        .filter(pk=slot_id, location__active=True, location__offering__service=service)
        .select_related("location__protocol", "location__district")
        .annotate(moment=Now() if now is None else clock(now))
    )
    active = Booking.objects.filter(service=service, nik_hash=nik_hash, status__in=ACTIVE)
    slot = with_rest(slots.annotate(already_booked=Exists(active)), nik_hash).first()
    if slot is None:
        raise FieldRefusal("slot", "does_not_exist", _("Waktu ini tidak ada untuk layanan ini."))
    return slot


def _check_room(service: Service, slot: Slot, takes_reserve: bool, now: datetime | None) -> None:
    """Refuse a slot that is past, shut or full, with the nearest free ones."""
    if slot.starts_at <= slot.moment and not takes_reserve:
        raise SlotClosed(alternatives=nearest_free(service, slot, now))
    if slot.closure_id is not None:
        raise SlotClosed(alternatives=nearest_free(service, slot, now))
    free = slot.capacity - slot.booked if takes_reserve else slot.available
    if free <= 0:
        raise SlotFull(alternatives=nearest_free(service, slot, now))


def _refusal_for(
    error: IntegrityError, service: Service, slot: Slot, now: datetime | None
) -> Exception:
    """The refusal behind a constraint; the error itself where the constraint means a defect."""
    name = constraint_of(error)
    if name in PLACE_REFUSALS:
        return PLACE_REFUSALS[name](alternatives=nearest_free(service, slot, now))
    if name == "already_booked":
        return AlreadyBooked()
    return error


def _made_before(key: str, body: bytes) -> Booking | None:
    """The booking that this key made; KeyReused where the content differs."""
    row = (
        IdempotencyKey.objects.filter(key_hash=lookup_hash("idempotency-key", key))
        .select_related("booking__service", "booking__slot__location__protocol")
        .select_related("booking__slot__location__district")
        .first()
    )
    if row is None:
        return None
    if bytes(row.body_hash) != body:
        raise KeyReused(booking_id=row.booking_id)
    return row.booking


@retried
def reschedule(
    *,
    booking_id: UUID,
    slot_id: int,
    actor: Actor,
    who: str,
    why: str,
    takes_reserve: bool = False,
    now: datetime | None = None,
) -> Booking:
    """Move a booking to another slot; the new place is taken before the old one is freed.

    Moving to the slot it already has changes nothing. Raises SlotFull, SlotClosed or
    TooSoon with alternatives, TooLate after the cut-off (residents), InvalidTransition, and
    AlreadyBooked (who was deferred has booked anew): the old place stays.
    """
    try:
        return _reschedule(booking_id, slot_id, actor, who, why, takes_reserve, now)
    except AlreadyBooked:
        old = Booking.objects.only("service_id", "nik_hash").get(pk=booking_id)
        messages.send_link_again(old.service_id, old.nik_hash)
        raise


def _reschedule(
    booking_id: UUID,
    slot_id: int,
    actor: Actor,
    who: str,
    why: str,
    takes_reserve: bool,
    now: datetime | None,
) -> Booking:
    with transaction.atomic():
        booking = _locked(booking_id)
        if not may_reschedule(booking.status):
            raise InvalidTransition(current=booking.status, target=Status.BOOKED)
        if booking.slot_id == slot_id and booking.status == Status.BOOKED:
            return booking
        old_slot = booking.slot
        slot = _slot_to_take(booking.service, slot_id, now, booking.nik_hash)
        if booking.status == Status.BOOKED:
            _check_cutoff(booking, actor, slot.moment)
        _check_age_at(booking, slot)
        check_rested(booking.service, slot, now)
        _check_room(booking.service, slot, takes_reserve, now)
        note_change(who=who, why=why)
        booking.moves += 1
        messages.plan_moved(
            booking,
            old_slot,
            slot,
            now=slot.moment,
            by_office=actor is not Actor.RESIDENT,
            reason=why,
        )
        try:
            with transaction.atomic():
                Booking.objects.filter(pk=booking.pk).update(
                    slot=slot,
                    status=Status.BOOKED,
                    moves=F("moves") + 1,
                    takes_reserve=takes_reserve,
                )
        except IntegrityError as error:
            raise _refusal_for(error, booking.service, slot, now) from None
    booking.slot, booking.status = slot, Status.BOOKED
    return booking


@retried
def cancel(
    *,
    booking_id: UUID,
    actor: Actor,
    who: str,
    why: str,
    now: datetime | None = None,
) -> Booking:
    """Give a place back. A second time changes nothing and says nothing.

    Residents may until the cut-off (TooLate), the office at any time; InvalidTransition where the
    visit has begun or ended.
    """
    with transaction.atomic():
        booking = _locked(booking_id)
        if booking.status == Status.CANCELLED:
            return booking
        check_move(booking.status, Status.CANCELLED, actor)
        moment = now or booking.moment
        if booking.status == Status.BOOKED:
            _check_cutoff(booking, actor, moment)
        note_change(who=who, why=why)
        messages.plan_cancelled(
            booking, booking.slot, now=moment, by_office=actor is not Actor.RESIDENT, reason=why
        )
        Booking.objects.filter(pk=booking.pk).update(status=Status.CANCELLED)
    booking.status = Status.CANCELLED
    return booking


def _locked(booking_id: UUID) -> Booking:
    """The booking, its row locked, with service, slot and place loaded, and `moment`.

    Locked by a statement of its own: one that joins the slot would come back empty when somebody
    moved the booking while it waited, as PostgreSQL checks the join again with the old slot.
    """
    kept = Booking.objects.filter(pk=booking_id, erased_at=None)  # of the forgotten, the count
    if not list(kept.select_for_update().values_list("pk")):
        raise NotFound()
    return (
        Booking.objects.select_related(*WITH_PLACE)
        .annotate(moment=Now())  # type: ignore[no-redef]
        .get(pk=booking_id)
    )


def _check_cutoff(booking: Booking, actor: Actor, moment: datetime) -> None:
    if actor is Actor.RESIDENT and moment > booking.change_until:
        raise TooLate()


def _check_age_at(booking: Booking, slot: Slot) -> None:
    """A move to an earlier day can make somebody too young, or need a guardian nobody asked for."""
    birth_date = booking.birth_date
    if birth_date is None:
        return
    person = Person(
        nik=booking.nik,
        full_name="",
        birth_date=birth_date,
        ever_married=booking.ever_married,
    )
    visit_day = slot.starts_at.astimezone(LOCAL).date()
    check_age(person, booking.service.minimum_age, visit_day)
    check_consent(person, visit_day, given=booking.guardian_consent_at is not None)


def find_by_token(typed_code: str, token: str) -> Booking:
    """The booking that a token opens; NotFound for a wrong code or token alike."""
    booking = _by_code(typed_code)
    if booking is None or not token_opens(token, booking.id, booking.token_version):
        raise NotFound()
    return booking


def find_by_code_and_nik(typed_code: str, typed_nik: str) -> Booking:
    """The booking of this code if the NIK is its own; NotFound never tells which was wrong."""
    booking, digits = _by_code(typed_code), clean_nik(typed_nik)
    if booking is None or digits is None or booking.nik_hash is None:
        raise NotFound()
    if lookup_hash("nik", digits) != bytes(booking.nik_hash):
        raise NotFound()
    return booking


def _by_code(typed: str) -> Booking | None:
    """The booking of a code; none of somebody who is forgotten."""
    code = read_code(typed)
    if code is None:
        return None
    return Booking.objects.select_related(*WITH_PLACE).filter(code=code, erased_at=None).first()
