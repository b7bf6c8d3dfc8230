"""The tree, an organization's page, its settings, files, and where members belong, as pages."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.accounts.models import Person
from apps.common.actors import Actor
from apps.common.tenancy import tenant_context
from apps.organizations.models import Member, Organization, OrganizationSetting, Placement
from apps.organizations.organization_csv import OrganizationRow
from apps.organizations.services import (
    binding_create,
    member_place,
    organization_archive,
    organization_create,
    organizations_import,
    setting_set,
)
from apps.tenants.models import Tenant
from tests.portal.conftest import SignIn
from tests.portal.pages import read
from tests.portal.test_queries import statements

pytestmark = pytest.mark.django_db
DAYS = "organizations.invitation_days"
Tree = dict[str, Organization]


@pytest.fixture
def client(sign_in: SignIn, alice: Person, acme: Tenant) -> Client:
    return sign_in(alice, acme)


@pytest.fixture
def tree(owner: Actor, root: Organization) -> Tree:
    """Europe with Lisbon and its Sales; Asia; Old, which is archived."""
    made: Tree = {}
    for name, above in (
        ("Europe", ""),
        ("Lisbon", "Europe"),
        ("Sales", "Lisbon"),
        ("Asia", ""),
        ("Old", ""),
    ):
        parent = made[above] if above else root
        made[name] = organization_create(actor=owner, name=name, parent_id=parent.id)
    organization_archive(actor=owner, organization_id=made["Old"].id)
    return made


def page_of(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    assert read(response.content).check() == []
    return response.content.decode()


def shown(response: Any) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []

    def walk(nodes: list[Any]) -> None:
        for node in nodes:
            found.append((node.level, node.organization.name))
            walk(node.children)

    walk(response.context["nodes"])
    return found


def test_the_tree_opens_one_level_and_goes_on_by_links(client, tree: Tree) -> None:
    response = client.get("/organizations/")
    html = page_of(response)
    assert shown(response) == [(1, "Acme"), (2, "Europe"), (2, "Asia")]
    assert html.count('role="tree"') == 1
    assert html.count('role="treeitem"') == 3
    assert html.count('aria-expanded="true"') == 2  # the palette's, too
    assert html.count('aria-expanded="false"') == 1
    lisbon = client.get(f"/organizations/?at={tree['Lisbon'].id}")
    page_of(lisbon)
    assert shown(lisbon) == [
        (1, "Acme"),
        (2, "Europe"),
        (3, "Lisbon"),
        (4, "Sales"),
        (2, "Asia"),
    ]
    everything = client.get("/organizations/?archived=1")
    assert shown(everything)[-1] == (2, "Old")
    assert "Archived" in page_of(everything)


def test_children_come_by_htmx(client, tree: Tree) -> None:
    path = f"/organizations/{tree['Europe'].id}/children/"
    assert client.get(path)["Location"] == f"/organizations/?at={tree['Europe'].id}"
    response = client.get(path, headers={"HX-Request": "true"})
    html = response.content.decode()
    assert "<html" not in html
    assert 'aria-level="3"' in html
    assert "Lisbon" in html
    assert "Sales" not in html


def test_a_large_tree_is_not_rendered_whole(client, owner: Actor, root: Organization) -> None:
    rows = [OrganizationRow(n, (f"D{n // 300}",)) for n in range(0, 1500, 300)]
    rows += [OrganizationRow(n, (f"D{n // 300}", f"T{n}")) for n in range(1500)]
    organizations_import(actor=owner, rows=rows)
    response = client.get("/organizations/")
    assert len(shown(response)) == 6
    first = Organization.objects.get(name="D0")
    response = client.get(f"/organizations/?at={first.id}")
    assert len(shown(response)) == 106
    html = page_of(response)
    assert html.count("Show more") == 1
    last = response.context["nodes"][0].children[0].last_child_id
    more = client.get(
        f"/organizations/{first.id}/children/?after={last}", headers={"HX-Request": "true"}
    ).content.decode()
    assert more.count('role="treeitem"') == 101
    assert "T100<" in more
    # Without scripts the organization's own page goes on.
    page = client.get(f"/organizations/{first.id}/?after={last}")
    assert next(one.organization.name for one in page.context["below"].children) == "T100"
    page_of(page)
    for path in ("/organizations/", f"/organizations/?at={first.id}", "/organizations/?q=T1"):
        found = statements(client, path)
        assert len(found) <= 6, "\n".join(found)


def test_search_says_where_something_is(client, tree: Tree) -> None:
    response = client.get("/organizations/?q=SAL")
    found = [(one.name, above) for one, above in response.context["found"]]
    assert found == [("Sales", "Acme / Europe / Lisbon")]
    page_of(response)
    assert client.get("/organizations/?q=old").context["found"] == []
    assert len(client.get("/organizations/?q=old&archived=1").context["found"]) == 1
    page_of(client.get("/organizations/?q=<script>"))


def test_who_sees_a_part_sees_it_as_a_tree(
    sign_in: SignIn, owner: Actor, bob: Person, bob_member: Member, acme: Tenant, role, tree: Tree
) -> None:
    bob_member.bindings.all().delete()
    for name in ("Lisbon", "Sales", "Asia"):
        binding_create(
            actor=owner,
            member_id=bob_member.id,
            role_id=role("admin").id,
            organization_id=tree[name].id,
        )
    client = sign_in(bob, acme)
    response = client.get("/organizations/")
    assert shown(response) == [(1, "Lisbon"), (2, "Sales"), (1, "Asia")]
    html = client.get(f"/organizations/{tree['Sales'].id}/").content.decode()
    assert "Lisbon" in html
    assert "Europe" not in html
    assert client.get(f"/organizations/{tree['Europe'].id}/").status_code == 404
    assert client.get(f"/organizations/{tree['Europe'].id}/children/").status_code == 404
    assert client.get(f"/organizations/?at={tree['Europe'].id}").status_code == 404
    export = b"".join(client.get("/organizations/export/").streaming_content).decode()
    assert "Europe" not in export


def test_an_organizations_page(
    client, owner: Actor, tree: Tree, bob_member: Member, root: Organization
) -> None:
    member_place(actor=owner, member_id=bob_member.id, organization_id=tree["Europe"].id)
    path = f"/organizations/{tree['Europe'].id}/"
    html = page_of(client.get(path))
    for text in ("Lisbon", "Bob Baker", "Besides another", "7 days", "Archive…", "Move…"):
        assert text in html, text
    found = statements(client, path)
    # What leads there, what is below, who belongs there, and the settings.
    assert len(found) <= 7, "\n".join(found)
    assert "Archive…" not in page_of(client.get(f"/organizations/{root.id}/"))


def test_up_and_down(client, tree: Tree, root: Organization) -> None:
    def order() -> list[str]:
        below = client.get(f"/organizations/{root.id}/").context["below"]
        return [node.organization.name for node in below.children]

    assert order() == ["Europe", "Asia"]
    path = f"/organizations/{tree['Asia'].id}/reorder/"
    moved = client.post(path, {"direction": "up"})
    assert moved["Location"] == f"/organizations/{root.id}/#below-{tree['Asia'].id}"
    assert order() == ["Asia", "Europe"]
    client.post(path, {"direction": "up"})
    assert order() == ["Asia", "Europe"]
    client.post(path, {"direction": "down"})
    assert order() == ["Europe", "Asia"]
    assert client.post(path, {"direction": "left"}).status_code == 400
    assert client.get(path).status_code == 405


def test_archive_and_restore(client, tree: Tree) -> None:
    path = f"/organizations/{tree['Europe'].id}/"
    assert client.post(f"{path}archive/")["Location"] == path
    html = page_of(client.get(path))
    assert "Restore" in html
    assert "Add one below" not in html
    assert shown(client.get("/organizations/")) == [(1, "Acme"), (2, "Asia")]
    below = page_of(client.get(f"/organizations/{tree['Lisbon'].id}/"))
    assert "has to be restored first" in below
    refused = client.post(f"/organizations/{tree['Lisbon'].id}/restore/", follow=True)
    assert "Restore that one first" in refused.content.decode()
    offered = client.get("/organizations/new/").context["form"]["parent_id"].field.choices
    assert [name.strip() for _id, name in offered] == ["Acme", "Asia"]
    client.post(f"{path}restore/")
    assert shown(client.get("/organizations/"))[1] == (2, "Europe")


def test_settings(client, owner: Actor, tree: Tree, root: Organization) -> None:
    setting_set(actor=owner, organization_id=root.id, code=DAYS, value=3)
    path = f"/organizations/{tree['Europe'].id}/settings/{DAYS}/"
    assert "the value of Acme holds" in page_of(client.get(path))
    assert page_of(client.post(path, {"value": "0"}), 422)
    assert client.post(path, {"value": "5"}).status_code == 302
    assert "Inherit again" in page_of(client.get(path))
    html = page_of(client.get(f"/organizations/{tree['Lisbon'].id}/"))
    assert "5 days" in html
    assert client.post(path, {"reset": "1"}).status_code == 302
    assert [(row.organization_id, row.value) for row in OrganizationSetting.objects.all()] == [
        (root.id, 3)
    ]
    domains = path.replace(DAYS, "organizations.invitation_domains")
    assert "is no domain" in page_of(client.post(domains, {"value": "nonsense"}), 422)
    for code in ("organizations.who_invites", "organizations.invitation_domains"):
        page_of(client.get(path.replace(DAYS, code)))
    assert client.get(path.replace(DAYS, "no.such")).status_code == 404


def upload(client: Client, text: str) -> Any:
    file = SimpleUploadedFile("tree.csv", text.encode(), content_type="text/csv")
    return client.post("/organizations/import/", {"file": file})


def test_export_and_import(client, tree: Tree) -> None:
    response = client.get("/organizations/export/")
    text = b"".join(response.streaming_content).decode()
    assert text == (
        "\ufeffpath,archived\r\nEurope,no\r\nEurope / Lisbon,no\r\nEurope / Lisbon / Sales,no\r\n"
        "Asia,no\r\nOld,yes\r\n"
    )
    assert "are there already" in page_of(upload(client, text))
    wrong = page_of(upload(client, "path\nAfrica\nNo / Such"))
    assert "1 line cannot be imported" in wrong
    assert 'name="text"' not in wrong
    preview = upload(client, f"{text}Africa,\n")
    assert "Create 1 organization" in page_of(preview)
    assert Organization.objects.count() == 6
    sent = preview.context["form"].initial["text"]
    confirm = "/organizations/import/confirm/"
    assert client.post(confirm, {"text": sent})["Location"] == "/organizations/"
    assert Organization.objects.filter(name="Africa").count() == 1
    # Sent again, or spoilt on the way, it makes nothing.
    for again in (sent, "path\nNo / Such", "nonsense", ""):
        client.post(confirm, {"text": again})
    assert Organization.objects.count() == 7
    assert page_of(upload(client, "nonsense"), 422)
    page_of(client.get("/organizations/import/"))
    assert client.get("/organizations/import/template.csv").status_code == 200


def test_where_a_member_belongs(client, tree: Tree, bob_member: Member, root: Organization) -> None:
    path = f"/members/{bob_member.id}/"
    add = page_of(client.get(f"{path}organizations/new/"))
    assert "Old" not in add
    chosen = {"organization_id": str(tree["Lisbon"].id)}
    assert client.post(f"{path}organizations/new/", chosen)["Location"] == path
    html = page_of(client.get(path))
    assert "Make primary" in html
    place = f"{path}organizations/{tree['Lisbon'].id}/"
    client.post(f"{place}primary/")
    bob_member.refresh_from_db()
    assert bob_member.organization == tree["Lisbon"]
    refused = client.post(f"{place}remove/", follow=True).content.decode()
    assert "Make another one the primary first" in refused
    client.post(f"{path}organizations/{root.id}/remove/")
    assert not Placement.objects.exists()
    listed = client.get(f"/members/?organization={tree['Europe'].id}").content.decode()
    assert "Bob Baker" in listed


def test_a_member_changes_nothing(
    sign_in: SignIn, bob: Person, acme: Tenant, tree: Tree, bob_member: Member
) -> None:
    client, path = sign_in(bob, acme), f"/organizations/{tree['Europe'].id}/"
    html = page_of(client.get(path))
    for text in ("reorder", "Archive…", "Change", "Move…", "Add one below"):
        assert text not in html, text
    for post, data in (
        (f"{path}reorder/", {"direction": "down"}),
        (f"{path}archive/", {}),
        (f"{path}restore/", {}),
        (f"{path}settings/{DAYS}/", {"value": "2"}),
        ("/organizations/import/", {}),
        ("/organizations/import/confirm/", {"text": "path\nX"}),
        (f"/members/{bob_member.id}/organizations/new/", {"organization_id": str(tree["Asia"].id)}),
        (f"/members/{bob_member.id}/organizations/{tree['Asia'].id}/primary/", {}),
    ):
        assert client.post(post, data).status_code in (403, 404), post
    assert not OrganizationSetting.objects.exists()
    assert not Placement.objects.exists()
    assert Organization.objects.filter(archived_at=None).count() == 5
    assert Organization.objects.count() == 6


def test_another_tenants_organization_is_missing(client, globex: Tenant) -> None:
    with tenant_context(globex):
        foreign = Organization.objects.get(depth=1)
    path = f"/organizations/{foreign.id}/"
    for url in (
        path,
        f"{path}children/",
        f"{path}settings/{DAYS}/",
        f"/organizations/?at={foreign.id}",
    ):
        assert client.get(url).status_code == 404, url
    for act in ("reorder/", "archive/", "restore/", f"settings/{DAYS}/"):
        data = {"direction": "up", "value": "2"}
        assert client.post(f"{path}{act}", data).status_code == 404, act
    with tenant_context(globex):
        assert not Organization.objects.exclude(archived_at=None).exists()
        assert not OrganizationSetting.objects.exists()


def test_what_may_be_moved_can_be_dragged_to_where_it_may_go(
    client, sign_in: SignIn, owner: Actor, bob: Person, bob_member: Member, acme: Tenant, role, tree
) -> None:
    """The page says what and where; dropping opens the preview, which the move page's tests are about."""
    html = page_of(client.get(f"/organizations/?at={tree['Europe'].id}&archived=1"))
    movable = {name for name in tree if f'data-move="/organizations/{tree[name].id}/move/"' in html}
    assert movable == {"Europe", "Lisbon", "Asia"}
    assert html.count("data-place=") == 4  # and into the root, not into what is archived
    children = client.get(
        f"/organizations/{tree['Lisbon'].id}/children/", headers={"HX-Request": "true"}
    ).content.decode()
    assert f'data-move="/organizations/{tree["Sales"].id}/move/"' in children
    assert "data-move" not in page_of(sign_in(bob, acme).get("/organizations/"))
    binding_create(
        actor=owner,
        member_id=bob_member.id,
        role_id=role("admin").id,
        organization_id=tree["Europe"].id,
    )
    html = page_of(sign_in(bob, acme).get("/organizations/"))
    assert html.count("data-move=") == html.count("data-place=") == 1
