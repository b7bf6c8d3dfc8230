"""WSGI entry point, served by granian."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from apps.common.requests import Utf8WSGIRequest
from apps.common.shedding import LoadShedding

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")

django_application = get_wsgi_application()
django_application.request_class = Utf8WSGIRequest

from apps.gateway.wsgi import Gateway  # noqa: E402 - it needs the apps to be ready

application = LoadShedding(Gateway(django_application), settings.LOAD_SHED_TARGET_MS)
