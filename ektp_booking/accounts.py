"""How staff accounts behave at sign-in."""

from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from services import limits
from services.sign_in import tries_of

log = structlog.get_logger(__name__)


class ClosedSignUp(DefaultAccountAdapter):
    """Accounts are made by the registry's IT, never by signing up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """allauth would count by account alone: five failures of anybody, anywhere, every five
        minutes kept its owner out. `authenticate` counts instead."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Failures count together with those of the API, per account and address."""
        tries = tries_of(credentials.get("username", ""), limits.address_of(request))
        try:
            limits.take(*tries)
        except limits.TooManyRequests:
            raise self.validation_error("too_many_login_attempts") from None
        user = super().authenticate(request, **credentials)
        if user is not None:
            limits.give_back(*tries)
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away is no error of who asks, and tells nobody which account is."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as error:
            log.warning("mail to an account not sent", exc_info=error)
