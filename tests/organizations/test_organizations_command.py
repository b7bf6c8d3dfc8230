"""`manage.py organizations`: the tree for operators."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.models import Organization
from apps.organizations.services import organization_archive, organization_create
from apps.tenants.models import Tenant

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("organizations", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def asia(owner: Actor, root: Organization) -> Organization:
    europe = organization_create(actor=owner, name="Europe", parent_id=root.id)
    organization_create(actor=owner, name="Lisbon", parent_id=europe.id)
    found = organization_create(actor=owner, name="Asia", parent_id=root.id)
    return organization_archive(actor=owner, organization_id=found.id)


def test_tree(asia: Organization, root: Organization) -> None:
    assert run("tree", "--tenant", "acme") == "Acme\n  Europe\n    Lisbon\n"
    assert run("tree", "--tenant", "acme", "--archived").splitlines()[-1] == "  Asia  (archived)"
    found = json.loads(run("tree", "--tenant", "acme", "--archived", "--json"))
    assert found[-1] == {
        "id": str(asia.id),
        "name": "Asia",
        "parent": str(root.id),
        "depth": 2,
        "archived": True,
    }


def test_export_and_import(asia: Organization, tmp_path: Path, globex: Tenant) -> None:
    file = tmp_path / "tree.csv"
    file.write_text(run("export", "--tenant", "acme"), newline="")
    assert file.read_text() == "path,archived\nEurope,no\nEurope / Lisbon,no\nAsia,yes\n"
    arguments = ("import", str(file), "--tenant", "globex")
    assert run(*arguments, "--dry-run") == "3 would be created, 0 there already\n"
    assert run(*arguments) == "3 created, 0 there already\n"
    assert run(*arguments) == "0 created, 3 there already\n"
    with tenant_context(globex):
        names = [one.name for one in Organization.objects.all()]
    assert names == ["Globex", "Europe", "Lisbon", "Asia"]


def test_what_is_wrong_is_said(asia: Organization, tmp_path: Path) -> None:
    file = tmp_path / "tree.csv"
    file.write_text("path\nNew\nNo / Such\n")
    for more in ((), ("--dry-run",)):
        with pytest.raises(CommandError, match="line 3: There is no “No”"):
            run("import", str(file), "--tenant", "acme", *more)
    file.write_text("nothing")
    with pytest.raises(CommandError, match="has to name the columns"):
        run("import", str(file), "--tenant", "acme")
    with pytest.raises(CommandError, match="cannot be read"):
        run("import", str(tmp_path / "none.csv"), "--tenant", "acme")
    with pytest.raises(CommandError, match="no tenant nowhere"):
        run("tree", "--tenant", "nowhere")
    assert not Organization.objects.filter(name="New").exists()
