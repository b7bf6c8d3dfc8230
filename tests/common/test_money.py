"""Money: integers of the smallest unit, and how people of a locale write them."""

from decimal import Decimal

import pytest

from apps.common.errors import InvalidInput
from apps.common.money import Money, money_parse


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text", "short"),
    [
        (990, "EUR", "en", "€9.90", "€9.90"),
        (900, "EUR", "en", "€9.00", "€9"),
        (900, "EUR", "de", "9,00\xa0€", "9\xa0€"),
        (123_456, "USD", "de-ch", "$\xa01’234.56", "$\xa01’234.56"),
        (1500, "JPY", "en", "¥1,500", "¥1,500"),
        (1234, "KWD", "en", "KWD\xa01.234", "KWD\xa01.234"),
        (5000, "KWD", "en", "KWD\xa05.000", "KWD\xa05"),
        (900, "EUR", "xx-nonsense", "€9.00", "€9"),
        (-50, "EUR", "en", "-€0.50", "-€0.50"),
    ],
)
def test_as_people_write_it(minor: int, currency: str, locale: str, text: str, short: str) -> None:
    money = Money(minor, currency)
    # Babel's data has one apostrophe or the other, and a space after a code of letters or none.
    assert plain(money.format(locale)) == plain(text)
    assert plain(money.format(locale, whole=True)) == plain(short)


def plain(text: str) -> str:
    return text.replace("\xa0", "").replace("’", "'")


def test_amounts_are_exact() -> None:
    assert Money(1234, "KWD").amount == Decimal("1.234")
    assert Money(1234, "JPY").amount == Decimal(1234)
    assert Money(1, "EUR") + Money(2, "EUR") == Money(3, "EUR")
    assert Money(333, "EUR") * 3 == Money(999, "EUR")
    with pytest.raises(ValueError, match="cannot be added"):
        Money(1, "EUR") + Money(1, "USD")


@pytest.mark.parametrize("wrong", [(1, "EURO"), (1, "eur"), (1, "")])
def test_no_currency(wrong: tuple[int, str]) -> None:
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(*wrong)


@pytest.mark.parametrize("wrong", [1.5, "1", True, Decimal(1)])
def test_no_integer(wrong: object) -> None:
    with pytest.raises(TypeError):
        Money(wrong, "EUR")  # type: ignore[arg-type]


def test_typed_amounts() -> None:
    assert money_parse(" 9.90 ", "EUR") == Money(990, "EUR")
    assert money_parse("1500", "JPY") == Money(1500, "JPY")
    assert money_parse("1.234", "KWD") == Money(1234, "KWD")
    for text, currency in (
        ("9.901", "EUR"),
        ("1.5", "JPY"),
        ("nine", "EUR"),
        ("", "EUR"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("1e30", "EUR"),
    ):
        with pytest.raises(InvalidInput):
            money_parse(text, currency)
