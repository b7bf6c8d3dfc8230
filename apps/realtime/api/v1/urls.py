"""Under `/api/v1/`, on every host."""

from django.urls import path

from apps.realtime.api.v1 import views

urlpatterns = [
    path("realtime/tickets/", views.TicketsView.as_view(), name="api_realtime_tickets"),
]
