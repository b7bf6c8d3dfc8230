"""At the root of every host."""

from django.urls import path

from apps.realtime.views import socket

urlpatterns = [path("ws/", socket, name="socket")]
