"""Where each view is."""

from django.urls import path

from bench.peers.django_house import views

urlpatterns = [path("health/live", views.read_live)]
