"""How staff sign in, on pages and through the API. Accounts are made by the registry's IT."""

import unicodedata
from typing import Any

from allauth.account.forms import LoginForm
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import gettext_lazy as _
from knox.models import get_token_model

from locations.models import Staff
from services.limits import Use

#: Longer ones are no password of a person; hashing a megabyte would cost seconds.
PASSWORD_MAX = 200


def tries_of(username: str, address: str) -> tuple[Use, ...]:
    """What a try to sign in counts for; given back where it succeeds."""
    account = unicodedata.normalize("NFKC", username).casefold()
    return (
        Use("sign-in", f"{account} {address}"),
        Use("sign-in-account", account),
        Use("sign-in-address", address),
    )


class StaffLoginForm(LoginForm):
    """allauth's form in the words and classes of our pages; its limits and checks stay."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        login, password = self.fields["login"], self.fields["password"]
        login.label, password.label = _("Nama pengguna"), _("Kata sandi")
        password.help_text = ""
        password.max_length = PASSWORD_MAX
        login.widget.attrs |= {"class": "input", "placeholder": "", "autocapitalize": "none"}
        login.widget.attrs |= {"spellcheck": "false", "autofocus": True}
        password.widget.attrs |= {"class": "input", "placeholder": "", "maxlength": PASSWORD_MAX}


class StaffPassword(MinimumLengthValidator):
    """Long enough; and a changed one ends the tokens of the API, as Django ends the sessions."""

    def password_changed(self, password: str, user: Staff | None = None) -> None:
        get_token_model().objects.filter(user=user).delete()
