"""Under `/api/v1/`, on every host."""

from django.urls import path

from apps.events.api.v1 import views

urlpatterns = [
    path("event-types/", views.EventTypesView.as_view(), name="api_event_types"),
    path("event-types/<str:name>/", views.EventTypeView.as_view(), name="api_event_type"),
]
