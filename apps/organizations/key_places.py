"""Where API keys are good, for the app below that keeps them."""

import uuid

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.common.actors import Actor
from apps.organizations.models import Organization
from apps.organizations.selectors import organization_for, root_organization
from apps.organizations.selectors_tree import require_open
from apps.organizations.tree_lock import tree_kept
from apps.roles.models import ApiKey
from apps.roles.places import Place, Places


def _find(actor: Actor, organization_id: uuid.UUID | None) -> Place:
    found = (
        root_organization() if organization_id is None else organization_for(actor, organization_id)
    )
    require_open(found)
    return Place(found.id, found.name, found.path, found.depth == 1)


def _annotate(keys: QuerySet[ApiKey]) -> QuerySet[ApiKey]:
    root = Organization.objects.filter(depth=1).values("id")[:1]
    at = Organization.objects.filter(id=OuterRef("place_ref"))
    return keys.annotate(place_ref=Coalesce("organization_id", Subquery(root))).annotate(
        place_id=Subquery(at.values("id")[:1]),
        place_name=Subquery(at.values("name")[:1]),
        place_path=Subquery(at.values("path")[:1]),
        place_depth=Subquery(at.values("depth")[:1]),
    )


PLACES = Places(_find, tree_kept, _annotate)
