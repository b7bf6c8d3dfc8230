from django.apps import AppConfig


class TrailConfig(AppConfig):
    name = "apps.trail"
    verbose_name = "Audit trail"
