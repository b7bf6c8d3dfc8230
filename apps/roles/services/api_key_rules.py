"""What an API key may be called, hold and be held to."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from django.utils.text import get_text_list
from django.utils.translation import gettext_lazy as _

from apps.common.access import Node, allows, permissions
from apps.common.actors import Actor
from apps.common.errors import InvalidInput, PermissionDenied
from apps.roles.places import Place

NETWORKS_MAX = 20


def name_validate(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 80 or not name.isprintable():
        raise InvalidInput.field("name", _("Use 1 to 80 printable characters."), "name_invalid")
    return name


def codes_validate(
    actor: Actor,
    codes: Iterable[str],
    place: Node | None,
    allow_dangerous: bool,
    *,
    agreed: Iterable[str] = (),
) -> list[str]:
    """The codes in order, if a key can have them at the place and the actor holds them there."""
    wanted, declared = set(codes), permissions()
    unknown = wanted - declared.keys()
    if unknown:
        raise _refused(_("Unknown permission: %s"), unknown, "unknown")
    if not wanted:
        raise InvalidInput.field("permissions", _("Choose at least one permission."), "required")
    never = {code for code in wanted if not declared[code].for_keys}
    if never:
        raise _refused(_("No API key can have: %s"), never, "not_for_keys")
    if isinstance(place, Place) and not place.is_root:
        whole = {code for code in wanted if not declared[code].scoped}
        if whole:
            raise _refused(_("Can be held only in the whole workspace: %s"), whole, "not_scoped")
    lacking = {code for code in wanted if not allows(actor, code, place)}
    if lacking:
        raise PermissionDenied(
            _("You can't give what you don't hold there yourself: %s") % ", ".join(sorted(lacking))
        )
    dangers = {c for c in wanted - set(agreed) if declared[c].dangerous}
    if dangers and not allow_dangerous:
        labels = get_text_list([str(declared[c].label) for c in sorted(dangers)], str(_("and")))
        raise InvalidInput.field(
            "allow_dangerous",
            _("Confirm that the key may do what is dangerous: %s.") % labels,
            "dangerous",
        )
    return sorted(wanted)


def _refused(words: object, codes: Iterable[str], code: str) -> InvalidInput:
    return InvalidInput.field("permissions", str(words) % ", ".join(sorted(codes)), code)


def networks_validate(networks: Iterable[str]) -> list[str]:
    """In their usual spelling, each once. An address is a network of one."""
    found: dict[str, None] = {}
    for text in networks:
        try:
            found[str(_network(text.strip()))] = None
        except ValueError as error:
            raise InvalidInput.field(
                "networks",
                _("“%s” is no address or network, as 203.0.113.7 or 203.0.113.0/24.") % text[:50],
                "network_invalid",
            ) from error
    if len(found) > NETWORKS_MAX:
        raise InvalidInput.field("networks", _("Use at most 20 networks."), "too_many")
    return list(found)


def _network(text: str) -> IPv4Network | IPv6Network:
    """Raises ValueError. A zone (RFC 4007) is a name of one machine's own: no network has one."""
    if "%" in text:
        raise ValueError(text)
    return ip_network(text)
