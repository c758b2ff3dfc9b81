"""Async views."""

from django.http import HttpRequest, JsonResponse


async def read_live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})
