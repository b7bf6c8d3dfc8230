"""A device's name in words, from what it says of itself. Only a hint: a client can say anything."""

# In this order: a browser names those that it descends from, and a phone the system below.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
UNKNOWN = "A client without a name"


def device_name(user_agent: str) -> str:
    """`Firefox on Linux` for browsers; for others their own first word, `curl/8.5.0`."""
    browser = next((name for sign, name in BROWSERS if sign in user_agent), "")
    if not browser:
        return next(iter(user_agent.split()), UNKNOWN)[:60]
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    return f"{browser} on {system}" if system else browser
