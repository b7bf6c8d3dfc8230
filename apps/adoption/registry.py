"""What a product can be used for: features, declared by the apps that have them, in their features.py."""

from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Feature:
    """code: `app.thing`, lasting: counts are kept by it. events: each one by a person is a use.

    Without events the app counts its uses itself, by `counting.note`.
    Checked by `manage.py check`: apps/adoption/checks.py.
    """

    code: str
    label: str | Promise
    events: tuple[str, ...] = ()


_features: dict[str, Feature] = {}


def declare_features(*features: Feature) -> None:
    """Called by an app's `features.py`, when it is imported at the start. Raises ImproperlyConfigured."""
    for one in features:
        if _features.setdefault(one.code, one) != one:
            raise ImproperlyConfigured(f"the feature {one.code} is declared twice")


def features() -> dict[str, Feature]:
    """Every declared one by its code."""
    return dict(sorted(_features.items()))


def feature(code: str) -> Feature:
    """Raises ImproperlyConfigured for one that no app declares."""
    found = _features.get(code)
    if found is None:
        raise ImproperlyConfigured(f"feature {code} is not declared")
    return found


def features_by_event() -> dict[str, list[str]]:
    """Of each event the codes of the features that it is a use of."""
    found: dict[str, list[str]] = {}
    for one in features().values():
        for name in one.events:
            found.setdefault(name, []).append(one.code)
    return found
