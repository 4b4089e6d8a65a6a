"""What every view of the API shares: strict in, one shape out, counted, never cached."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from locations import access
from locations.models import Location, Staff
from services import limits
from services.api.authentication import StaffToken
from services.api.fields import SENTENCES
from services.limits import Use
from services.refusals import Text


class ApiView(APIView):
    """A view for anybody. `limit`: which setting of LIMITS its calls count for, per address."""

    http_method_names = ["get", "head", "post"]
    metadata_class = None
    authentication_classes: Any = []
    permission_classes: Any = [AllowAny]
    limit: str | None = "read"
    #: Beside what every call may be refused with (schema.py): status → codes.
    codes: dict[int, tuple[str, ...]] = {}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # A charset named for the body would decode the query too; some of Python's raise.
        request._request.encoding = "utf-8"
        super().initial(request, *args, **kwargs)

    def check_throttles(self, request: Request) -> None:
        if self.limit:
            limits.take(Use(self.limit, self.address))

    @property
    def address(self) -> str:
        return limits.address_of(self.request._request)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class DocumentView(ApiView):
    """A view that answers in one form of its own, whatever was asked for."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return super().perform_content_negotiation(request, force=True)


class StaffView(ApiView):
    """A view for who is signed in, by token or session."""

    authentication_classes: Any = [StaffToken, SessionAuthentication]
    permission_classes: Any = [IsAuthenticated]

    def check_throttles(self, request: Request) -> None:
        limits.take(Use("staff", str(self.staff.pk)))

    @property
    def staff(self) -> Staff:
        user = self.request.user
        if isinstance(user, AnonymousUser):
            raise exceptions.NotAuthenticated()
        return user

    @property
    def who(self) -> str:
        """As it stands in the history: an id, never a name."""
        return f"staff:{self.staff.pk}"

    def place(self, slug: str, action: access.Action) -> Location:
        """The location, if this person may do this there; 404 for any other, as if unknown."""
        place = Location.objects.select_related("protocol").filter(slug=slug).first()
        if place is None or not access.may(self.staff, action, place):
            raise exceptions.NotFound()
        return place


class Nothing(ApiView):
    """Every address below /api/v1/ that isn't one."""

    limit = None
    schema = None

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        raise exceptions.NotFound()


class Given(serializers.Serializer[Any]):
    """A body or query; unknown fields are ignored, and so never stored."""

    default_error_messages = {
        "invalid": _("Isi permintaan harus berupa objek JSON."),
        "null": _("Isi permintaan harus berupa objek JSON."),
    }


def given(serializer: serializers.Serializer[Any], request: Request) -> dict[str, Any]:
    """What a request's body gives, checked. Raises ValidationError.

    Takes one instance per process: building a serializer costs five times what running one does,
    and running one changes nothing in it.
    """
    checked: dict[str, Any] = serializer.run_validation(request.data)
    return checked


def nothing_given(request: Request) -> None:
    """The body of a call that takes none: empty or an object, of which nothing is read."""
    given(_NOTHING, request)


def asked(serializer: serializers.Serializer[Any], request: Request) -> dict[str, Any]:
    """What a request's query asks, checked; a parameter that stands twice is refused."""
    query = request.query_params
    for name in map(str, serializer.fields):
        if len(query.getlist(name)) > 1:
            raise field_error(name, "duplicate")
    checked: dict[str, Any] = serializer.run_validation(query.dict())
    return checked


def field_error(name: str, code: str, sentence: Text | None = None) -> exceptions.ValidationError:
    """One field is wrong; `sentence` where the usual one of the code does not say enough."""
    detail = exceptions.ErrorDetail(str(sentence or SENTENCES[code]), code=code)
    return exceptions.ValidationError({name: [detail]})


_NOTHING = Given()
