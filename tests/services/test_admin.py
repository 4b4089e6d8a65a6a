"""The admin is for IT alone, shows nobody's data, and cannot touch bookings or history."""

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import reverse

from locations.models import Assignment
from services.models import Booking, BookingEvent, Visit, VisitEvent
from tests import factories
from tests.services import morning

pytestmark = pytest.mark.django_db

READ_ONLY = [Booking, BookingEvent, Visit, VisitEvent]


@pytest.fixture
def place():
    return morning.office()


@pytest.fixture
def booking(place):
    person = factories.person(
        full_name="Fatimatus Zahro", phone="+6281299990123", email="zahro@contoh.id"
    )
    return morning.came(morning.here(morning.current_slot(place), person))


@pytest.fixture
def it(client):
    user = factories.staff("admin")
    user.is_staff = user.is_superuser = True
    user.save()
    client.force_login(user)
    return client


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.mark.parametrize("role", ["counter", "supervisor", "head"])
def test_staff_of_any_role_are_refused_even_with_is_staff(client, place, role):
    user = factories.staff("orang", role, None if role == "head" else place)
    user.is_staff = True
    user.save()
    client.force_login(user)
    assert client.get(reverse("admin:index"), follow=True).status_code == 403


def test_who_is_not_signed_in_comes_to_our_own_door(client):
    response = client.get(reverse("admin:index"), follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert client.post("/admin/login/", {"username": "admin", "password": "x"}).status_code == 302


@pytest.mark.parametrize("model", sorted(admin.site._registry, key=lambda one: one._meta.label))
def test_every_list_opens(it, booking, model):
    assert it.get(page(model, "changelist")).status_code == 200


def test_a_booking_shows_nobody(it, booking):
    for url in (
        page(Booking, "changelist"),
        page(Booking, "change", booking.pk),
        page(Visit, "change", booking.visit.pk),
        page(BookingEvent, "changelist"),
        page(VisitEvent, "changelist"),
    ):
        text = it.get(url).content.decode()
        for secret in (booking.nik, "Fatimatus", "Zahro", "1299990123", "zahro@", "36.6", "36,6"):
            assert secret not in text, (url, secret)
    assert booking.masked_nik in it.get(page(Booking, "change", booking.pk)).content.decode()


@pytest.mark.parametrize("model", READ_ONLY)
def test_bookings_visits_and_history_cannot_be_written(it, booking, model):
    row = model.objects.order_by("pk").first()
    assert it.get(page(model, "add")).status_code == 403
    assert it.post(page(model, "change", row.pk), {"status": "recorded"}).status_code == 403
    assert it.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_what_is_changed_here_names_who_did_it(it, place):
    staff = factories.staff("petugas", "counter", place)
    assignment = staff.assignments.get()
    data = {
        "staff": staff.pk,
        "location": place.pk,
        "role": "supervisor",
        "valid_from": "2020-01-01",
        "valid_until": "",
    }
    assert it.post(page(Assignment, "change", assignment.pk), data).status_code == 302
    event = (
        Assignment.pgh_event_models["update"].objects.filter(pgh_obj=assignment.pk).latest("pgh_id")
    )
    assert event.role == "supervisor"
    assert event.pgh_context["why"] == "admin"
    assert event.pgh_context["who"].startswith("staff:")


@pytest.mark.parametrize("documents", [5, "KK", [1], [{"id": "KK"}], {"id": "KK", "en": "card"}])
def test_papers_that_would_stop_the_front_page_are_refused(place, documents):
    service = factories.service(at=place)
    service.documents = documents
    with pytest.raises(ValidationError) as refused:
        service.full_clean()
    assert "documents" in refused.value.message_dict


def test_sentences_and_minutes_that_would_stop_pages_are_refused(place):
    place.minutes_per_person = 0
    with pytest.raises(ValidationError, match="paling sedikit 1"):
        place.full_clean()
    for sentences in (5, "Cuci tangan.", [""], [{"id": "x"}]):
        place.protocol.instructions_id = sentences
        with pytest.raises(ValidationError) as refused:
            place.protocol.full_clean()
        assert "instructions_id" in refused.value.message_dict


def test_secrets_of_libraries_have_no_page_here():
    shown = {model._meta.app_label for model in admin.site._registry}
    assert shown == {"locations", "services", "notifications"}
