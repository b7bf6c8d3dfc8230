from celery import shared_task

from apps.adoption.rollup import features_roll_up
from apps.adoption.services import surveys_sync
from apps.common.actors import Actor

ACTOR = Actor.system("adoption")


@shared_task(name="adoption.roll_up")
def roll_up() -> None:
    """The sums of the features' uses. What surveys code declares is written by the way."""
    surveys_sync(actor=ACTOR)
    features_roll_up(actor=ACTOR)
