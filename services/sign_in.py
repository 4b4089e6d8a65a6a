"""The form with which staff sign in. Accounts are made by the registry's IT."""

from typing import Any

from allauth.account.forms import LoginForm
from django.utils.translation import gettext_lazy as _

#: Longer ones are no password of a person; hashing a megabyte would cost seconds.
PASSWORD_MAX = 200


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
