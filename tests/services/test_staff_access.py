"""Every page of staff × every role × own and other place (invariant 7): else it is not there."""

import pytest
from django.urls import URLPattern, reverse

from services.counter import urls as counter_urls
from services.supervisor import urls as supervisor_urls
from tests import factories
from tests.services import morning

pytestmark = pytest.mark.django_db

#: Who may open and who may post, by page, at the own place. A page that is not named here fails.
PAGES: dict[str, tuple[set[str], set[str]]] = {
    "counter:desk": ({"counter", "supervisor"}, {"counter", "supervisor"}),
    "counter:queue": ({"counter", "supervisor"}, {"counter", "supervisor"}),
    "counter:find": ({"counter", "supervisor"}, {"counter", "supervisor"}),
    "counter:check_in": ({"counter", "supervisor"}, {"counter", "supervisor"}),
    "counter:choose_counter": (set(), {"counter", "supervisor"}),
    "counter:call_next": (set(), {"counter", "supervisor"}),
    "counter:act": (set(), {"counter", "supervisor"}),
    "supervisor:week": ({"supervisor", "head"}, {"supervisor"}),
    "supervisor:preview": ({"supervisor"}, {"supervisor"}),
    "supervisor:apply": ({"supervisor"}, {"supervisor"}),
    "supervisor:over": ({"supervisor"}, {"supervisor"}),
    "supervisor:protocol": ({"supervisor", "head"}, {"supervisor"}),
    "supervisor:closures": ({"supervisor", "head"}, {"supervisor"}),
    "supervisor:confirm_holiday": (set(), {"supervisor"}),
}
#: Pages without a place: who opens them.
OPEN_PAGES = {
    "counter:places": {"counter", "supervisor"},
    "supervisor:places": {"supervisor", "head"},
    "supervisor:coverage": {"supervisor", "head"},
}
ROLES = ["counter", "supervisor", "head", "superuser", "none"]
NOT_THERE = {404, 405}  # 405: a page that only takes posts, whoever asks


def names() -> list[str]:
    return [
        f"{module.app_name}:{pattern.name}"
        for module in (counter_urls, supervisor_urls)
        for pattern in module.urlpatterns
        if isinstance(pattern, URLPattern)
    ]


def test_no_page_is_without_an_entry():
    assert set(names()) == set(PAGES) | set(OPEN_PAGES)


@pytest.fixture
def own():
    return morning.office("kecamatan-ambulu")


@pytest.fixture
def other():
    return morning.office("dispendukcapil")


def somebody(role, own):
    user = factories.staff("orang")
    if role == "superuser":
        user.is_superuser = user.is_staff = True
        user.save()
    elif role != "none":
        factories.assign(user, None if role == "head" else own, role)
    return user


def address(name, place):
    """The address of a page at a place; steps are for a ticket that exists there."""
    more = []
    if name == "counter:act":
        more = [morning.here(morning.current_slot(place)).code, "direkam"]
    elif name == "supervisor:confirm_holiday":
        more = [1]
    return reverse(name, args=[place.slug, *more])


def given(name, place):
    """A ticket of the place for the page that answers an unknown one with 404."""
    at_the_door = name == "counter:check_in"
    return {"code": morning.here(morning.current_slot(place)).code} if at_the_door else {}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", sorted(PAGES))
def test_each_page_for_each_role_at_the_own_and_at_another_place(client, own, other, name, role):
    client.force_login(somebody(role, own))
    reads, changes = PAGES[name]
    # The head sees every place, and so knows no "other" one.
    for place in (own,) if role == "head" else (own, other):
        url = address(name, place)
        got, posted = client.get(url).status_code, client.post(url, given(name, place)).status_code
        assert (got not in NOT_THERE) == (role in reads and place == own), (place.slug, got)
        if name != "supervisor:confirm_holiday":
            assert (posted != 404) == (role in changes and place == own), (place.slug, posted)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_another_place_looks_exactly_like_one_that_does_not_exist(client, own, other, name):
    client.force_login(somebody("supervisor", own))
    theirs = address(name, other)
    nowhere = theirs.replace(other.slug, "tidak-ada")
    for ask in (client.get, client.post):
        here, there = ask(theirs), ask(nowhere)
        assert here.status_code == there.status_code
        # The address itself stands in the link to the other language.
        assert here.text.replace(other.slug, "tidak-ada") == there.text


@pytest.mark.parametrize("name", sorted(PAGES))
def test_who_is_not_signed_in_is_asked_to(client, own, name):
    url = address(name, own)
    response = client.post(url)
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", sorted(OPEN_PAGES))
def test_pages_without_a_place(client, own, name, role):
    client.force_login(somebody(role, own))
    opened = client.get(reverse(name)).status_code in (200, 302)
    assert opened == (role in OPEN_PAGES[name])


def test_a_code_of_another_place_is_unknown_to_every_step(client, own, other):
    client.force_login(somebody("counter", own))
    theirs = morning.here(morning.current_slot(other))
    known = client.post(reverse("counter:act", args=[own.slug, theirs.code, "direkam"]))
    unknown = client.post(reverse("counter:act", args=[own.slug, "AAAAAAAA", "direkam"]))
    assert known.status_code == unknown.status_code == 404
    assert "Kode tidak dikenal" in known.content.decode()


def test_an_assignment_that_ended_yesterday_opens_nothing_on_the_next_request(client, own):
    user = somebody("counter", own)
    client.force_login(user)
    assert client.get(address("counter:desk", own)).status_code == 200
    yesterday = factories.at_local(-1).date()
    user.assignments.update(valid_until=yesterday)
    assert client.get(address("counter:desk", own)).status_code == 404


@pytest.mark.parametrize(
    ("role", "lands"),
    [
        ("counter", "/loket/kecamatan-ambulu/"),
        ("supervisor", "/pengawas/kecamatan-ambulu/minggu/"),
        ("none", "/petugas/tanpa-tugas/"),
        ("superuser", "/admin/"),
    ],
)
def test_signing_in_leads_to_where_one_works(client, own, role, lands):
    somebody(role, own)
    response = client.post(
        reverse("account_login"), {"login": "orang", "password": factories.PASSWORD}, follow=True
    )
    assert response.redirect_chain[-1][0] == lands
    assert response.status_code == 200


@pytest.mark.parametrize("next_url", ["//evil.example", "https:evil.example", "/\\evil.example"])
def test_signing_in_never_leads_away_from_the_site(client, own, next_url):
    somebody("counter", own)
    response = client.post(
        reverse("account_login"),
        {"login": "orang", "password": factories.PASSWORD, "next": next_url},
    )
    assert response.url == "/petugas/"


def test_signing_in_gives_a_new_session(client, own):
    somebody("counter", own)
    client.get("/akun/login/")
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.post(reverse("account_login"), {"login": "orang", "password": factories.PASSWORD})
    assert client.session.session_key != before


def test_nobody_can_sign_up(client):
    page = client.get(reverse("account_signup"))
    assert "Akun petugas tidak dapat dibuat sendiri" in page.content.decode()
    client.post(reverse("account_signup"), {"username": "x", "password1": "y", "password2": "y"})
    assert not factories.Staff.objects.filter(username="x").exists()


def test_an_absurdly_long_password_is_refused_at_once(client, own):
    somebody("counter", own)
    response = client.post(reverse("account_login"), {"login": "orang", "password": "x" * 1000})
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


def test_guessing_a_password_is_slowed_down_after_a_few_tries(client, own, settings):
    """By account and address; the count lives in PostgreSQL, so it does not need Redis."""
    settings.RATE_LIMITS, settings.LIMITS = True, settings.LIMITS | {"sign-in": (3, 300)}
    somebody("counter", own)
    wrong = {"login": "orang", "password": "salah-sekali-1"}
    for _ in range(3):
        client.post(reverse("account_login"), wrong)
    right = {"login": "orang", "password": factories.PASSWORD}
    response = client.post(reverse("account_login"), right)
    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


def test_signing_in_says_nothing_but_shows_the_work(client, own):
    somebody("supervisor", own)
    signed_in = {"login": "orang", "password": factories.PASSWORD}
    page = client.post(reverse("account_login"), signed_in, follow=True).content.decode()
    assert "Berhasil masuk" not in page
