"""What other apps' objects say of organizations and members by `?expand=`."""

from collections.abc import Mapping
from typing import Any

from apps.common.actors import Actor
from apps.common.api.shaping import Expansion
from apps.organizations.selectors import members_for, organizations_for


def _organizations(actor: Actor, ids: set[str]) -> Mapping[str, Any]:
    rows = organizations_for(actor).filter(id__in=ids).values_list("id", "name")
    return {str(id_): {"id": id_, "name": name} for id_, name in rows}


def _members(actor: Actor, ids: set[str]) -> Mapping[str, Any]:
    rows = members_for(actor).filter(id__in=ids).values_list("id", "name")
    return {str(id_): {"id": id_, "name": name} for id_, name in rows}


ORGANIZATION = Expansion("organization_id", _organizations)
MEMBER = Expansion("member_id", _members)
