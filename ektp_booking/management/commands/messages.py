"""`manage.py messages`: compile the English catalogues and name what is missing."""

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Compiles the .po files to .mo and prints the texts that have no English yet."

    def handle(self, *args: Any, **options: Any) -> None:
        from ektp_booking import translations

        for file in translations.catalogue_files():
            file.with_suffix(".mo").write_bytes(translations.compiled(file))
            self.stdout.write(f"compiled {file}")
        for text, place in sorted(translations.missing().items(), key=lambda item: item[1]):
            self.stdout.write(f"no English: {place}: {text}")
