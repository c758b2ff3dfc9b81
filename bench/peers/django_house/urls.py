"""Where each view is."""

from django.urls import path

from bench.peers.django_house import searching, views

urlpatterns = [
    path("health/live", views.read_live),
    path("api/v1/licences/<uuid:licence_id>", views.read_licence),
    path("api/v1/applications/<uuid:application_id>", views.read_application),
    path("api/v1/items", searching.search_items),
    path("full-text/api/v1/items", searching.search_full_text),
    path("api/v1/items/<str:item_code>", views.read_item),
]
