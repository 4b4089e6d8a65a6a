"""How staff accounts behave at sign-in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignUp(DefaultAccountAdapter):
    """Accounts are made by the registry's IT, never by signing up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
