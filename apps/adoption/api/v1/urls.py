from django.urls import path

from apps.adoption.api.v1 import views

urlpatterns = [path("flags/", views.FlagsView.as_view(), name="api_flags")]
