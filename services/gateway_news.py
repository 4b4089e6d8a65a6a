"""The address at which gateways report (notifications/webhooks.py), with its limit.

Only what is not signed is counted: a gateway may report as often as it has something to say.
"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from notifications import webhooks
from services.limits import TooManyRequests, Use, address_of, take


@csrf_exempt
@never_cache
def news(request: HttpRequest, gateway: str) -> HttpResponse:
    answer = webhooks.receive(request, gateway)
    if answer.status_code == 403:
        try:
            take(Use("unsigned", address_of(request)))
        except TooManyRequests as refusal:
            return HttpResponse(status=429, headers={"Retry-After": str(refusal.wait)})
    return answer
