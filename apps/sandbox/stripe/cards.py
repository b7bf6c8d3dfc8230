"""The test cards (https://docs.stripe.com/testing): what each number stands for."""

from dataclasses import dataclass

from apps.sandbox.stripe.errors import CardError


@dataclass(frozen=True)
class Card:
    """decline: the decline code of each charge. attaches: a customer may keep it though charges are declined.

    authenticates: `always`, or `unless_set_up` where a setup lets later payments pass without the customer.
    dispute: the reason of a dispute that follows each charge. refund: `pending` or `failed`.
    """

    number: str
    token: str
    title: str
    brand: str = "visa"
    funding: str = "credit"
    decline: str = ""
    attaches: bool = False
    authenticates: str = ""
    dispute: str = ""
    refund: str = ""


CARDS = (
    Card("4242424242424242", "visa", "Is charged"),
    Card("4000056655665556", "visa_debit", "Is charged (debit card)", funding="debit"),
    Card("5555555555554444", "mastercard", "Is charged (Mastercard)", brand="mastercard"),
    Card("378282246310005", "amex", "Is charged (American Express)", brand="amex"),
    Card("4000000000000002", "visa_chargeDeclined", "Is declined", decline="generic_decline"),
    Card(
        "4000000000009995",
        "visa_chargeDeclinedInsufficientFunds",
        "Is declined: insufficient funds",
        decline="insufficient_funds",
    ),
    Card(
        "4000000000009987",
        "visa_chargeDeclinedLostCard",
        "Is declined: lost card",
        decline="lost_card",
    ),
    Card(
        "4000000000009979",
        "visa_chargeDeclinedStolenCard",
        "Is declined: stolen card",
        decline="stolen_card",
    ),
    Card(
        "4000000000000069",
        "chargeDeclinedExpiredCard",
        "Is declined: expired card",
        decline="expired_card",
    ),
    Card(
        "4000000000000127",
        "chargeDeclinedIncorrectCvc",
        "Is declined: wrong security code",
        decline="incorrect_cvc",
    ),
    Card(
        "4000000000000119",
        "chargeDeclinedProcessingError",
        "Is declined: processing error",
        decline="processing_error",
    ),
    Card(
        "4000000000000341",
        "chargeCustomerFail",
        "Can be saved, and each charge is declined",
        decline="generic_decline",
        attaches=True,
    ),
    Card(
        "4000002500003155",
        "authenticationRequiredOnSetup",
        "Asks for 3-D Secure until it is saved",
        authenticates="unless_set_up",
    ),
    Card(
        "4000002760003184",
        "authenticationRequired",
        "Asks for 3-D Secure each time",
        authenticates="always",
    ),
    Card(
        "4000000000003220",
        "threeDSecure2Required",
        "Asks for 3-D Secure each time",
        authenticates="always",
    ),
    Card(
        "4000008260003178",
        "authenticationRequiredChargeDeclinedInsufficientFunds",
        "Asks for 3-D Secure, then is declined: insufficient funds",
        decline="insufficient_funds",
        attaches=True,
        authenticates="unless_set_up",
    ),
    Card(
        "4000008400001629",
        "threeDSecureRequiredChargeDeclined",
        "Asks for 3-D Secure, then is declined",
        decline="generic_decline",
        attaches=True,
        authenticates="always",
    ),
    Card(
        "4000000000000259",
        "createDispute",
        "Is charged, then disputed as fraudulent",
        dispute="fraudulent",
    ),
    Card(
        "4000000000002685",
        "createDisputeProductNotReceived",
        "Is charged, then disputed: not received",
        dispute="product_not_received",
    ),
    Card("4000000000007726", "pendingRefund", "Is charged; refunds take a while", refund="pending"),
    Card("4000000000005126", "refundFail", "Is charged; refunds fail later", refund="failed"),
)
BY_NUMBER = {card.number: card for card in CARDS}
# `pm_card_visa` and `tok_visa` stand for a card.
BY_TOKEN = {f"{prefix}{card.token}": card for card in CARDS for prefix in ("pm_card_", "tok_")}

# Codes that are an error's code themselves; the others come with the code card_declined.
OWN_CODES = ("expired_card", "incorrect_cvc", "processing_error", "authentication_required")
MESSAGES = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}


def message_of(decline: str) -> str:
    return MESSAGES.get(decline, MESSAGES["generic_decline"])


def code_of(decline: str) -> str:
    return decline if decline in OWN_CODES else "card_declined"


def card_of(number: str, param: str = "card[number]") -> Card:
    """Raises CardError for a number that is none, and one that is nobody's test card."""
    digits = number.replace(" ", "").replace("-", "")
    found = BY_NUMBER.get(digits)
    if found is not None:
        return found
    if not digits.isdigit() or not 12 <= len(digits) <= 19 or not _luhn(digits):
        raise CardError("Your card number is incorrect.", code="incorrect_number", param=param)
    raise CardError(
        "Your card was declined. Your request was in test mode, but used a non test card. For a list of "
        "valid test cards, visit: https://stripe.com/docs/testing.",
        code="card_declined",
        decline_code="test_mode_live_card",
        param=param,
    )


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
