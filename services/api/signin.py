"""Signing in with a token of one's own, for programs; pages use a session."""

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth import authenticate, logout
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from knox.models import get_token_model
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from services import limits
from services.api.base import ApiView, StaffView, given, nothing_given
from services.api.staff_answers import TokenAnswer
from services.api.staff_requests import LoginGiven
from services.refusals import Refusal
from services.sign_in import tries_of

LOGIN_GIVEN = LoginGiven()


class WrongCredentials(Refusal):
    """Unknown, wrong or closed: never tell which."""

    code = "authentication_failed"
    status = 401
    message = _("Nama pengguna atau kata sandi salah.")


class SecondFactorNeeded(Refusal):
    """A password alone must not get past a second factor."""

    code = "second_factor_required"
    status = 403
    message = _("Akun ini memakai verifikasi dua langkah; masuklah lewat halaman petugas.")


class Login(ApiView):
    """A token for the API, valid for some hours: `Authorization: Token <token>`."""

    limit = None  # counted below: only failures
    codes = {401: ("authentication_failed",), 403: ("second_factor_required",)}

    @extend_schema(request=LoginGiven, responses=TokenAnswer)
    def post(self, request: Request) -> Response:
        wish = given(LOGIN_GIVEN, request)
        tries = tries_of(wish["username"], self.address)
        limits.take(*tries)
        # For an unknown name the library hashes the password all the same: the same time.
        user = authenticate(request._request, **wish)
        if user is None:
            raise WrongCredentials()
        limits.give_back(*tries)
        if is_mfa_enabled(user):
            raise SecondFactorNeeded()
        kept, token = get_token_model().objects.create(user=user)
        user_logged_in.send(sender=type(user), request=request._request, user=user)
        return Response(TokenAnswer({"token": token, "expiry": kept.expiry}).data)


class Logout(StaffView):
    """End the token that this call came with, or the session."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        nothing_given(request)
        token: Any = request.auth
        if token is not None:
            token.delete()
        else:
            logout(request._request)
        return Response(status=status.HTTP_204_NO_CONTENT)
