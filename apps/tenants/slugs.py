"""Which slugs may be a tenant's address."""

import re
import uuid

from django.utils.translation import gettext_lazy as _

from apps.common.errors import InvalidInput

SLUG = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")
# Names that people take for the platform itself, that mail and browsers use, or that we may need.
RESERVED = frozenset(
    """
    about abuse account accounts admin administrator api app apps assets auth autoconfig
    autodiscover backup beta billing blog broadcasthost cache cdn cloud console contact
    dashboard db demo dev dns docs download email enter events example faq files forum ftp git
    graphql health help home hostmaster hooks id imap info internal isatap inbox invite it jobs
    jwks kb legal live local localdomain localhost login logout mail mailer-daemon marketing me
    media metrics mobile mx my news no-reply nobody noc noreply ns ns1 ns2 ns3 ns4 oauth oidc
    open ops partner partners pay payment payments pg platform pop pop3 portal postgres
    postmaster preview press private prod production proxy public register registration root
    sales sandbox schema scim sdk search secure security server service services sftp shop
    sign-in sign-out sign-up signin signup site smtp sql ssl sso staff staging static stats status
    store stripe subdomain superuser support sys sysadmin system team template template0
    template1 tenant tenants test testing tls trust undefined usenet user users uucp web webhook
    webhooks webmail webmaster wiki workspace workspaces wpad wrapper ws www www1 www2 null
    """.split()  # noqa: SIM905 - a list of words reads best as words
)


def slug_validate(slug: str) -> str:
    """The slug in its normal form. Raises InvalidInput on field `slug`."""
    slug = slug.strip().lower()
    if not SLUG.fullmatch(slug) or "--" in slug:
        raise InvalidInput.field(
            "slug",
            _(
                "Use 2 to 40 lower-case letters, digits and single hyphens; "
                "start with a letter and do not end with a hyphen."
            ),
            "slug_invalid",
        )
    if slug in RESERVED or slug.startswith(("pg-", "xn-")):
        raise InvalidInput.field(
            "slug", _("This address is reserved. Choose another."), "slug_reserved"
        )
    return slug


def schema_name_for(slug: str, tenant_id: uuid.UUID) -> str:
    """A schema name that a person can read and that never has to change, even when the slug does."""
    return f"t_{slug.replace('-', '_')}_{tenant_id.hex[-8:]}"
