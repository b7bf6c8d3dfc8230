"""An invoice or a credit note on paper: pages of A4, as Stripe's look, with what finance needs."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from apps.sandbox.stripe.invoice_lines import ZERO_DECIMAL

Json = dict[str, Any]
LEFT, WIDTH = 18.0, 174.0
COLUMNS = (96.0, 18.0, 28.0, 32.0)
GREY, BLACK, HAIRLINE = (105, 115, 134), (26, 31, 54), (227, 232, 238)


def invoice_pdf(invoice: Json, seller: str) -> bytes:
    title = "Invoice" if invoice["status"] != "draft" else "Draft invoice"
    page = _Page(title)
    page.facts(
        [
            ("Invoice number", invoice["number"] or "none yet"),
            ("Date of issue", _day(invoice["effective_at"] or invoice["created"])),
            ("Date due", _day(invoice["due_date"] or invoice["created"])),
            ("Status", invoice["status"]),
        ]
    )
    page.parties(seller, _customer(invoice))
    page.headline(f"{_money(invoice['amount_due'], invoice)} due {_day(_due(invoice))}")
    page.lines([_row(line, invoice) for line in invoice["lines"]["data"]])
    page.sums(_sums(invoice))
    return bytes(page.output())


def credit_note_pdf(note: Json, invoice: Json, seller: str) -> bytes:
    page = _Page("Credit note")
    page.facts(
        [
            ("Credit note number", note["number"]),
            ("Invoice number", invoice["number"]),
            ("Date of issue", _day(note["created"])),
            ("Status", note["status"]),
        ]
    )
    page.parties(seller, _customer(invoice))
    page.headline(f"{_money(note['total'], note)} credited on {_day(note['created'])}")
    page.lines([_row(line, note) for line in note["lines"]["data"]])
    page.sums(
        [("Subtotal", _money(note["subtotal"], note)), ("Total", _money(note["total"], note))]
    )
    return bytes(page.output())


class _Page(FPDF):
    def __init__(self, title: str) -> None:
        super().__init__(format="A4")
        self.set_title(title)
        self.set_margins(LEFT, 18, LEFT)
        self.set_auto_page_break(True, margin=20)
        self.add_page()
        self.line_of(title, size=22, bold=True, height=12)
        self.ln(3)

    def footer(self) -> None:
        self.set_y(-14)
        self.write_in(GREY, 8)
        self.cell(0, 5, f"Page {self.page_no()} - made by the sandbox, no real invoice", align="R")

    def write_in(self, colour: tuple[int, int, int], size: float, *, bold: bool = False) -> None:
        self.set_font("helvetica", "B" if bold else "", size)
        self.set_text_color(*colour)

    def line_of(self, text: str, *, size: float = 9, bold: bool = False, height: float = 5) -> None:
        self.write_in(BLACK, size, bold=bold)
        self.cell(0, height, _latin(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def facts(self, facts: list[tuple[str, str]]) -> None:
        for name, value in facts:
            self.write_in(BLACK, 9, bold=True)
            self.cell(38, 5, name)
            self.line_of(value)
        self.ln(6)

    def parties(self, seller: str, customer: list[str]) -> None:
        top = self.get_y()
        self.line_of(seller, bold=True)
        self.set_xy(LEFT + 70, top)
        self.write_in(BLACK, 9, bold=True)
        self.cell(0, 5, "Bill to", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        for text in customer:
            self.set_x(LEFT + 70)
            self.line_of(text)
        self.ln(8)

    def headline(self, text: str) -> None:
        self.line_of(text, size=14, bold=True, height=8)
        self.ln(5)

    def lines(self, rows: list[tuple[str, ...]]) -> None:
        self.write_in(GREY, 8)
        for name, width in zip(
            ("Description", "Qty", "Unit price", "Amount"), COLUMNS, strict=True
        ):
            self.cell(width, 6, name, align="L" if name == "Description" else "R")
        self.ln(6)
        self.rule(BLACK)
        for description, *numbers in rows:
            self.row(description, numbers)

    def row(self, description: str, numbers: list[str]) -> None:
        self.write_in(BLACK, 9)
        if self.will_page_break(12):
            self.add_page()
        top, page = self.get_y(), self.page
        self.set_x(LEFT + COLUMNS[0])
        for text, width in zip(numbers, COLUMNS[1:], strict=True):
            self.cell(width, 5, _latin(text), align="R")
        self.set_xy(LEFT, top)
        self.multi_cell(COLUMNS[0], 5, _latin(description), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        if page == self.page:
            self.set_y(max(self.get_y(), top + 5) + 1)
        self.rule(HAIRLINE)

    def sums(self, sums: list[tuple[str, str]]) -> None:
        self.ln(3)
        for index, (name, value) in enumerate(sums):
            last = index == len(sums) - 1
            self.write_in(BLACK, 9, bold=last)
            self.set_x(LEFT + COLUMNS[0])
            self.cell(46, 6, _latin(name))
            self.cell(32, 6, _latin(value), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def rule(self, colour: tuple[int, int, int]) -> None:
        self.set_draw_color(*colour)
        self.line(LEFT, self.get_y(), LEFT + WIDTH, self.get_y())
        self.ln(1)


def _row(line: Json, of: Json) -> tuple[str, ...]:
    period = line.get("period")
    text = line["description"] or ""
    if period and period["start"] != period["end"]:
        text += f"\n{_day(period['start'])} - {_day(period['end'])}"
    pricing = line.get("pricing") or {}
    unit = pricing.get("unit_amount_decimal") or line.get("unit_amount_decimal")
    each = _money(Decimal(unit), of) if unit is not None else ""
    return text, str(line["quantity"] or ""), each, _money(line["amount"], of)


def _sums(invoice: Json) -> list[tuple[str, str]]:
    found = [("Subtotal", invoice["subtotal"])]
    found += [("Discount", -one["amount"]) for one in invoice["total_discount_amounts"]]
    for tax in invoice["total_taxes"]:
        within = " (included)" if tax["tax_behavior"] == "inclusive" else ""
        found.append((f"Tax{within}", tax["amount"]))
    found.append(("Total", invoice["total"]))
    if applied := invoice["amount_due"] - max(invoice["total"], 0):
        found.append(("Applied balance", applied))
    if invoice["amount_paid"]:
        found.append(("Amount paid", -invoice["amount_paid"]))
    found.append(("Amount due", invoice["amount_remaining"]))
    return [(name, _money(amount, invoice)) for name, amount in found]


def _due(invoice: Json) -> int:
    return int(invoice["due_date"] or invoice["effective_at"] or invoice["created"])


def _customer(invoice: Json) -> list[str]:
    address = invoice["customer_address"] or {}
    city = " ".join(filter(None, (address.get("postal_code"), address.get("city"))))
    lines = [invoice["customer_name"], address.get("line1"), address.get("line2"), city]
    tax_ids = [one["value"] for one in invoice["customer_tax_ids"] or []]
    return [
        one for one in (*lines, address.get("country"), invoice["customer_email"], *tax_ids) if one
    ]


def _money(amount: int | Decimal, of: Json) -> str:
    """With the currency's code: the fonts that every reader has know no euro sign."""
    places = 0 if of["currency"] in ZERO_DECIMAL else 2
    value = Decimal(amount).scaleb(-places)
    text = f"{value:,.{places}f}" if value == round(value, places) else f"{value.normalize():f}"
    return f"{of['currency'].upper()} {text}"


def _day(moment: int) -> str:
    at = datetime.fromtimestamp(moment, UTC)
    return f"{at.day} {at:%b %Y}"


def _latin(text: str) -> str:
    """What the fonts that every reader has can write."""
    return (
        text.replace("×", "x").replace("€", "EUR ").encode("latin-1", "replace").decode("latin-1")
    )
