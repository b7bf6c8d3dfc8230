"""What screen readers need and unfold's templates lack, added to the console's rendered pages.

The templates have no blocks at these places, and copies of them would miss unfold's fixes. A test says
what each page must have, so that an update of unfold that changes the places is noticed.
"""

import re

# Elements by id -> what to add.
ADDITIONS = {
    "main": 'role="main"',
    "nav-sidebar-inner": 'aria-label="Console"',
    "search-input-command": 'aria-label="Search tenants, people and pages"',
    "command-submit": 'aria-label="Search"',
    "searchbar": 'aria-label="Search this list"',
    "searchbar-submit": 'aria-label="Search"',
}
ID = re.compile(r'<(?:div|nav|input|button)\b[^<]*?\bid="(' + "|".join(ADDITIONS) + r')"')
# The font draws the words of these as pictures; a screen reader would read the words.
ICON = re.compile(r'<span (class="[^"]*\bmaterial-symbols-outlined\b[^"]*")(?! aria-hidden)')
TITLE = re.compile(r'<h1(?! class="c-title")([^>]*)>(.*?)</h1>', re.DOTALL)
ICON_LINK = re.compile(r'<a (?![^>]*aria-label)([^>]*)title="([^"]*)"')


def accessible(html: str) -> str:
    """The page with landmarks, names and one h1: ours where the page has one, else unfold's bar."""
    html = ID.sub(lambda found: f"{found[0]} {ADDITIONS[found[1]]}", html)
    html = ICON.sub(r'<span \1 aria-hidden="true"', html)
    html = ICON_LINK.sub(r'<a \1title="\2" aria-label="\2"', html)
    if '<h1 class="c-title"' in html:
        html = TITLE.sub(r'<nav aria-label="Breadcrumb"\1>\2</nav>', html, count=1)
    return html
