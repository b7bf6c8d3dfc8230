"""What fits into a text message: at most two segments, as what is sent is paid by the segment.

3GPP TS 23.038: 160 characters of the GSM alphabet, 153 where there are several segments; else 70 and 67
units of UTF-16.
"""

import base64
import uuid

from django.utils.translation import gettext_lazy as _

# GSM 03.38's basic set, and the extension, whose characters take two places.
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = frozenset("^{}\\[~]|€")
MAX_SEGMENTS = 2
CODE_TEXT = _("Your code for %(tenant)s: %(code)s. Good for %(minutes)d minutes. Tell nobody.")
ELLIPSIS = "..."
# What people's keyboards make of plain characters, and what would cost half of the room.
PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\xa0": " "}
)


def segments_of(text: str) -> int:
    """How many are paid for."""
    if all(char in GSM or char in GSM_EXTENSION for char in text):
        length = sum(2 if char in GSM_EXTENSION else 1 for char in text)
        return 1 if length <= 160 else -(-length // 153)
    length = len(text.encode("utf-16-le")) // 2
    return 1 if length <= 70 else -(-length // 67)


def sms_text(sender: str, title: str, url: str) -> str:
    """`Acme: Credits are low https://...`, the title cut until it fits."""
    sender, title = sender.translate(PLAIN), title.translate(PLAIN)
    text = f"{sender}: {title} {url}"
    while segments_of(text) > MAX_SEGMENTS and title not in ("", ELLIPSIS):
        title = title.removesuffix(ELLIPSIS)[:-1].rstrip() + ELLIPSIS
        text = f"{sender}: {title} {url}"
    while segments_of(text) > MAX_SEGMENTS and sender:
        sender = sender[:-1]
        text = f"{sender}: {url}"
    return text


def short_token(delivery_id: uuid.UUID) -> str:
    """22 characters for the path of a link."""
    return base64.urlsafe_b64encode(delivery_id.bytes).rstrip(b"=").decode()


def short_token_read(token: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(token.encode() + b"=="))
    except ValueError:
        return None
