"""A region is a folder of data: loading Jember's, again, and with mistakes in it."""

import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pghistory.models
import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import Sum

from locations.models import Counter, District, HealthProtocol, Location, OpeningPattern, Village
from locations.region import region_folder
from locations.region_files import RegionRefused
from services.models import Offering, Service
from services.region import load_region

pytestmark = pytest.mark.django_db


def load(path: Path | None = None, **options: bool) -> dict[str, tuple[int, int]]:
    """Load a folder (Jember's when None); made and changed, by kind."""
    tallies = load_region(path or region_folder("jember"), **options)
    return {tally.kind: (tally.made, tally.changed) for tally in tallies}


def history_rows() -> int:
    return sum(
        model.objects.count()  # type: ignore[attr-defined]
        for model in apps.get_models()
        if issubclass(model, pghistory.models.Event) and not model._meta.abstract
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of Jember's folder, to be changed."""
    return Path(shutil.copytree(region_folder("jember"), tmp_path / "jember"))


@pytest.fixture
def change(folder: Path) -> Callable[[str, str, str], None]:
    def change(file: str, old: str, new: str) -> None:
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1))

    return change


def test_jember_has_its_districts_villages_levels_and_places() -> None:
    load()
    assert District.objects.count() == 31
    assert Village.objects.count() == 248
    assert list(HealthProtocol.objects.values_list("code", flat=True)) == [
        "normal",
        "waspada",
        "siaga",
        "awas",
    ]
    assert Location.objects.filter(kind="district_office").count() == 31
    assert Location.objects.get(slug="kecamatan-ambulu").district.name == "Ambulu"
    assert Location.objects.get(slug="dispendukcapil").address == "Jalan Jawa, Sumbersari"
    assert list(Service.objects.values_list("slug", "minimum_age")) == [
        ("first-recording", 16),
        ("re-recording", 16),
        ("replacement", 16),
    ]


def test_the_split_of_coverage_adds_up_to_the_published_totals_and_is_marked() -> None:
    load()
    totals = District.objects.aggregate(Sum("obliged"), Sum("recorded"))
    assert totals == {"obliged__sum": 1_980_781, "recorded__sum": 1_965_925}
    assert not District.objects.filter(coverage_is_example=False).exists()
    assert District.objects.filter(coverage_date=date(2020, 11, 4)).count() == 31


def test_what_is_not_published_is_marked_as_an_example() -> None:
    load()
    real = Location.objects.filter(address_is_example=False)
    assert [location.slug for location in real] == ["dispendukcapil"]
    assert not Location.objects.filter(room_is_example=False).exists()
    assert not Location.objects.filter(latitude__isnull=False).exists()


def test_siaga_is_in_force_and_says_what_the_ministry_says() -> None:
    load()
    siaga = Location.objects.get(slug="dispendukcapil").protocol
    assert siaga.code == "siaga"
    assert siaga.temperature_limit == Decimal("37.3")
    assert siaga.mask == "required"
    assert "Suhu harus di bawah 37,3 °C." in siaga.instructions_id
    assert siaga.short_en == "Mask required, below 37.3 C, keep 1 m apart."


def test_recording_is_offered_everywhere_and_replacement_where_cards_are_printed() -> None:
    load()
    assert Offering.objects.filter(service__slug="first-recording").count() == 32
    assert Offering.objects.filter(service__slug="re-recording").count() == 32
    assert set(
        Offering.objects.filter(service__slug="replacement").values_list(
            "location__slug", flat=True
        )
    ) == {
        "dispendukcapil",
        "kecamatan-kencong",
        "kecamatan-balung",
        "kecamatan-ambulu",
        "kecamatan-rambipuji",
    }


def test_the_usual_hours_take_the_suggested_capacity_and_keep_a_reserve() -> None:
    load()
    monday = OpeningPattern.objects.filter(location__slug="dispendukcapil", weekday=1)
    assert [(f"{p.starts:%H.%M}", f"{p.ends:%H.%M}") for p in monday] == [
        ("08.00", "12.00"),
        ("13.00", "14.30"),
    ]
    assert {(p.capacity, p.reserve) for p in monday} == {(7, 1)}
    assert not OpeningPattern.objects.filter(weekday__gt=5).exists()
    assert not OpeningPattern.objects.filter(reserve=0).exists()


def test_loading_twice_changes_nothing() -> None:
    load()
    before = history_rows()
    assert all(counts == (0, 0) for counts in load().values())
    assert all(counts == (0, 0) for counts in load(overwrite=True).values())
    assert history_rows() == before


def test_what_the_office_decided_stays() -> None:
    load()
    here = Location.objects.get(slug="dispendukcapil")
    here.patterns.update(capacity=4, reserve=0)
    here.counters.filter(number=4).delete()
    Location.objects.filter(pk=here.pk).update(protocol="awas", active=False)
    HealthProtocol.objects.filter(code="siaga").update(percent=40)
    Service.objects.filter(slug="replacement").update(minimum_age=17, active=False)
    Offering.objects.filter(service__slug="replacement", location=here).delete()
    assert all(counts in [(0, 0)] for kind, counts in load().items() if kind != "counters")
    here.refresh_from_db()
    assert (here.protocol_id, here.active) == ("awas", False)
    assert set(here.patterns.values_list("capacity", flat=True)) == {4}
    assert here.counters.count() == 3
    assert HealthProtocol.objects.get(code="siaga").percent == 40
    assert Service.objects.get(slug="replacement").minimum_age == 17
    assert not Offering.objects.filter(service__slug="replacement", location=here).exists()


def test_overwriting_sets_back_what_the_office_decided() -> None:
    load()
    here = Location.objects.get(slug="dispendukcapil")
    here.patterns.update(capacity=4, reserve=0)
    here.counters.filter(number=4).delete()
    Location.objects.filter(pk=here.pk).update(protocol="awas")
    Offering.objects.all().delete()
    load(overwrite=True)
    here.refresh_from_db()
    assert here.protocol_id == "siaga"
    assert set(here.patterns.values_list("capacity", flat=True)) == {7}
    assert here.counters.count() == 4
    assert Offering.objects.count() == 69


def test_an_example_never_replaces_what_is_real(change: Callable, folder: Path) -> None:
    load()
    Location.objects.filter(slug="kecamatan-ambulu").update(
        address="Jalan Suyitman 55, Ambulu", address_is_example=False
    )
    District.objects.filter(code="35.09.12").update(obliged=80_000, coverage_is_example=False)
    change("locations.csv", "Jalan Raya Ambulu", "Jalan Besar Ambulu")
    change("locations.csv", "Jalan Raya Kencong", "Jalan Besar Kencong")
    load(folder)
    assert Location.objects.get(slug="kecamatan-ambulu").address == "Jalan Suyitman 55, Ambulu"
    assert Location.objects.get(slug="kecamatan-kencong").address == "Jalan Besar Kencong"
    assert District.objects.get(code="35.09.12").obliged == 80_000


def test_texts_follow_the_files(change: Callable, folder: Path) -> None:
    load()
    change("services.toml", "Penggantian KTP-el", "Ganti KTP-el")
    assert load(folder)["services"] == (0, 1)
    assert Service.objects.get(slug="replacement").name_id == "Ganti KTP-el"


def test_a_location_added_to_the_files_comes_with_hours_counters_and_services(
    change: Callable, folder: Path
) -> None:
    load()
    change(
        "locations.csv",
        "kecamatan-jombang,",
        'mpp,Mal Pelayanan Publik,mall,35.09.19,"Jalan Gajah Mada, Kaliwates",no,,,80,50,yes,2,10,'
        "45,siaga\nkecamatan-jombang,",
    )
    load(folder)
    mall = Location.objects.get(slug="mpp")
    assert mall.patterns.count() == 10
    assert mall.counters.count() == 2
    assert mall.services.count() == 2


def test_a_more_exact_rule_replaces_the_general_one(folder: Path) -> None:
    with (folder / "patterns.csv").open("a") as file:
        file.write('kecamatan-kalisat,"1,3",09:00,10:00,20,2,0,2026-01-01,2026-12-31\n')
        file.write("office,6,08:00,10:00,30,5,50%,2026-01-01,\n")
    load(folder)
    kalisat = OpeningPattern.objects.filter(location__slug="kecamatan-kalisat")
    assert [(p.weekday, p.slot_minutes, p.capacity, p.reserve) for p in kalisat] == [
        (1, 20, 2, 0),
        (3, 20, 2, 0),
    ]
    office = OpeningPattern.objects.get(location__slug="dispendukcapil")
    assert (office.weekday, office.capacity, office.reserve) == (6, 5, 2)


MISTAKES = [
    ("districts.csv", "35.09.02,Kencong", "35.9.2,Kencong", 3, "is not like 35.09.01"),
    ("districts.csv", "35.09.02,Kencong", "35.09.01,Kencong", 3, "stands on line 2 already"),
    ("districts.csv", "Kencong,5", "Kencong,6", 3, "says 6, but villages.csv has 5"),
    ("districts.csv", "code,name,villages", "code,nama,villages", 1, "lacks the columns name"),
    ("villages.csv", "Keting,35.09.01", "Keting,35.09.77", 3, "'35.09.77' is none of"),
    ("villages.csv", "Keting,35.09.01", "Keting,35.09.02", 3, "does not begin with"),
    ("villages.csv", "Keting,35.09.01", "Keting", 3, "has not 3 cells"),
    ("villages.csv", "Keting", "K" * 61, 3, "has 61 letters, at most 60 fit"),
    ("coverage.csv", "48725,48316", "48725,48726", 2, "48726 is more than the 48725 obliged"),
    ("coverage.csv", "48725", "banyak", 2, "'banyak' is no whole number"),
    ("coverage.csv", "2020-11-04", "2020-02-30", 2, "is not a date like 2026-11-24"),
    ("locations.csv", "dispendukcapil,", "Dispendukcapil!,", 2, "may hold a-z, 0-9"),
    ("locations.csv", "office,35.09.21", "kantor,35.09.21", 2, "'kantor' is none of office"),
    ("locations.csv", ",siaga", ",merah", 2, "'merah' is none of normal, waspada"),
    ("locations.csv", "no,,,60", "perhaps,,,60", 2, "must be yes or no"),
    ("locations.csv", "no,,,60", "no,-8.17,,60", 2, "given together"),
    ("locations.csv", "no,,,60", "no,,,0", 2, "0 is not between 1 and"),
    ("locations.csv", "no,,,60", "no,,,6o", 2, "'6o' is no number"),
    ("locations.csv", "kecamatan-kencong", "kecamatan-jombang", 4, "stands on line 3 already"),
    ("patterns.csv", "08:00,12:00", "08:00,13:30", 3, "overlaps the rule on line 2"),
    ("patterns.csv", "all,5,", "all,8,", 4, "is not like 5, 1-4 or 1,3,5"),
    ("patterns.csv", "08:00,12:00", "12:00,08:00", 2, "must be later than starts"),
    ("patterns.csv", "20%", "some", 2, "neither a number of people nor a percentage"),
    ("patterns.csv", "08:00", "8 o'clock", 2, "is not a time like 08:00"),
    ("patterns.csv", "2026-01-01,", "2026-01-01,2025-01-01", 2, "must not be before valid_from"),
    ("protocols.toml", "percent = 50", "percent = 500", None, "500 is not between 1 and 100"),
    ("protocols.toml", "rank = 4", "rank = 3", None, "already"),
    ("protocols.toml", 'code = "awas"', 'kode = "awas"', None, "kode is not known here"),
    ("protocols.toml", '"Cuci tangan saat masuk."', '"Cuci tangan…"', None, "ASCII"),
    ("protocols.toml", "rank = 4", "rank = ", None, "cannot be read"),
    ("services.toml", "minimum_age = 16", "minimum_age = -1", None, "-1 is not between 0 and 100"),
    ("services.toml", '["all"]', '["semua"]', None, "'semua' is neither all"),
    ("services.toml", 'slug = "re-recording"', 'slug = "first-recording"', None, "already"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "line", "reason"), MISTAKES)
def test_a_mistake_is_named_with_file_line_and_reason_and_nothing_is_written(
    change: Callable, folder: Path, file: str, old: str, new: str, line: int | None, reason: str
) -> None:
    if line is None:  # the line that was changed
        line = (folder / file).read_text().split(old)[0].count("\n") + 1
    change(file, old, new)
    with pytest.raises(RegionRefused) as refused:
        load(folder)
    found = [p for p in refused.value.problems if p.file == file and reason in p.reason]
    assert found, str(refused.value)
    assert found[0].line == line, str(refused.value)
    assert not District.objects.exists()
    assert not Counter.objects.exists()


def test_all_mistakes_are_named_at_once(change: Callable, folder: Path) -> None:
    change("districts.csv", "Kencong,5", "Kencong,many")
    change("locations.csv", "office,35.09.21", "kantor,35.09.21")
    change("services.toml", 'slug = "replacement"', 'slug = ""')
    (folder / "coverage.csv").unlink()
    with pytest.raises(RegionRefused) as refused:
        load(folder)
    assert {problem.file for problem in refused.value.problems} == {
        "districts.csv",
        "locations.csv",
        "services.toml",
        "coverage.csv",
    }


def test_a_file_in_another_encoding_is_named(folder: Path) -> None:
    (folder / "villages.csv").write_bytes(
        b"code,name,kecamatan_code\n35.09.01.2001,Pad\xf6,35.09.01\n"
    )
    with pytest.raises(RegionRefused, match=r"villages\.csv, line 2: is not written in UTF-8"):
        load(folder)


def test_the_command_tells_what_it_did() -> None:
    out = StringIO()
    call_command("load_region", "jember", stdout=out)
    assert "districts: 31 made" in out.getvalue()
    assert "Region jember loaded in" in out.getvalue()


def test_the_command_names_the_regions_that_there_are() -> None:
    with pytest.raises(CommandError, match=r"no region 'bondowoso'; known are: jember"):
        call_command("load_region", "bondowoso")


def test_the_attribution_stands_beside_the_data() -> None:
    assert "ODbL" in (region_folder("jember") / "README.md").read_text()
