"""`python -m tests.schedules.beat_process`: `celery beat` on the test's database, with one schedule."""

import os

import django

if __name__ == "__main__":
    django.setup()
    from django.conf import settings
    from django.db import connection

    from config.celery import app

    connection.settings_dict["NAME"] = os.environ["BEAT_DATABASE"]
    settings.CELERY_BEAT_SCHEDULE = {"often": {"task": "tests.often", "schedule": 1.0}}
    app.start(["beat", "--loglevel", "ERROR", "--pidfile", ""])
