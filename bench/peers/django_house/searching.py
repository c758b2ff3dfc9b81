"""Finding items, in the two ways that Django's documentation shows."""

import rjieba
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, JsonResponse

from bench.peers.django_house.models import Item

_PAGE = 20


async def search_items(request: HttpRequest) -> JsonResponse:
    """Items whose names hold the text (``icontains``)."""
    text = request.GET.get("q", "")
    found = Item.objects.filter(Q(name__icontains=text) | Q(short_name__icontains=text)).order_by("name", "item_code")
    return await _answer(_within(request, found))


async def search_full_text(request: HttpRequest) -> JsonResponse:
    """Items by PostgreSQL's full text search over a column with a GIN index, the best first."""
    query = SearchQuery(" ".join(rjieba.cut(request.GET.get("q", ""))), config="simple")
    found = Item.objects.filter(text__document=query).annotate(rank=SearchRank(F("text__document"), query))
    return await _answer(_within(request, found.order_by("-rank", "item_code")))


def _within(request: HttpRequest, found: "QuerySet[Item]") -> "QuerySet[Item]":
    region = request.GET.get("region", "")
    return found.filter(region=region) if region else found


async def _answer(found: "QuerySet[Item]") -> JsonResponse:
    items = [
        {
            "item_code": item.item_code,
            "name": item.name,
            "short_name": item.short_name,
            "department": item.department,
            "region": item.region,
            "level": item.level,
            "audience": item.audience,
            "handling": item.handling,
            "promised_days": item.promised_days,
            "online_depth": item.online_depth,
        }
        async for item in found[:_PAGE]
    ]
    return JsonResponse({"items": items}, json_dumps_params={"ensure_ascii": False})
