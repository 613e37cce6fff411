"""The places of the demo group: a hotel company with two hotels and two restaurants in Portugal."""

GROUP = "Atlântico Collection"
TZ = "Europe/Lisbon"

BRANDS = (
    # code, name, sender
    ("ATL", "Atlântico Hotels", "hello@atlantico.internal"),
    ("MESA", "Mesa Atlântica", "mesa@atlantico.internal"),
)
PROPERTIES = (
    # code, name, kind, brand, (street, zip, city, e-mail, phone)
    ("CITY", "Hotel Atlântico Lisboa", "hotel", "ATL",
     ("Avenida da Liberdade 212", "1250-148", "Lisboa", "reception@atlantico-lisboa.internal", "+351 210 000 100")),
    ("RESORT", "Atlântico Resort Algarve", "hotel", "ATL",
     ("Estrada da Falésia 1", "8200-593", "Albufeira", "reception@atlantico-algarve.internal", "+351 289 000 200")),
    ("BICA", "Bica, the hotel's restaurant", "restaurant", "MESA",
     ("Avenida da Liberdade 212", "1250-148", "Lisboa", "bica@atlantico.internal", "+351 210 000 120")),
    ("MARE", "Maré", "restaurant", "MESA",
     ("Rua do Cais 8", "1200-450", "Lisboa", "mare@atlantico.internal", "+351 210 000 300")),
)  # fmt: skip
OUTLETS = (
    # property, code, name, kind
    ("CITY", "BREAKFAST", "Breakfast Room", "breakfast"),
    ("CITY", "LOBBY", "Lobby Bar", "bar"),
    ("CITY", "SPA", "Spa", "spa"),
    ("RESORT", "BREAKFAST", "Breakfast Terrace", "breakfast"),
    ("RESORT", "POOL", "Pool Bar", "bar"),
    ("RESORT", "SPA", "Spa", "spa"),
    ("BICA", "BICA-ROOM", "Bica Dining Room", "restaurant"),
    ("BICA", "BICA-BAR", "Bica Bar", "bar"),
    ("MARE", "MARE-ROOM", "Maré Dining Room", "restaurant"),
    ("MARE", "MARE-TERRACE", "Maré Terrace", "restaurant"),
)
ZONES = {
    "CITY": (("F1", "First floor"), ("F2", "Second floor"), ("F3", "Third floor"), ("F4", "Fourth floor"),
             ("F5", "Fifth floor"), ("F6", "Sixth floor")),
    "RESORT": (("GARDEN", "Garden wing"), ("POOL", "Pool wing"), ("SEA", "Sea wing")),
}  # fmt: skip

# Rooms per type: as many as the file has occupied at once, rounded up. The letters are the file's; it
# doesn't say what they mean, so the names are invented. P is a posting account, not a room.
ROOM_TYPES = {
    "CITY": {
        "A": ("Standard double", 2, 148), "B": ("Standard with bunk bed", 4, 15), "C": ("Family room", 4, 4),
        "D": ("Superior double", 2, 58), "E": ("Superior twin", 3, 12), "F": ("Junior suite", 3, 9),
        "G": ("Suite", 4, 6), "K": ("Standard single", 1, 8), "P": ("Posting account", 0, 0),
    },
    "RESORT": {
        "A": ("Garden double", 2, 76), "B": ("Garden single", 1, 3), "C": ("Family studio", 4, 14),
        "D": ("Pool view double", 2, 54), "E": ("Sea view double", 2, 34), "F": ("Sea view junior suite", 3, 14),
        "G": ("Sea view suite", 4, 10), "H": ("Two-bedroom villa", 6, 5), "I": ("Pool suite", 4, 8),
        "L": ("Penthouse", 6, 1), "P": ("Posting account", 0, 0),
    },
}  # fmt: skip


def rooms(hotel):
    """Return ``[(room number, room type)]`` of a hotel: the city has floors, the resort wings."""
    kinds = [room_type for room_type, (_name, _capacity, count) in ROOM_TYPES[hotel].items() for _i in range(count)]
    per_zone = -(-len(kinds) // len(ZONES[hotel]))
    return [(f"{at // per_zone + 1}{at % per_zone + 1:02d}", room_type) for at, room_type in enumerate(kinds)]


def zone_of(hotel, number):
    """Return the code of the floor or wing of a room."""
    return ZONES[hotel][int(number[0]) - 1][0]


USERS = (
    # login, name, role, hint
    ("reception", "Rita Figueiredo", "reception", "Arrivals board of today, guest card, table reservations"),
    ("service", "Samuel Okoro", "service", "Guest card without allergies and spend"),
    ("marketing", "Marta Lindqvist", "marketing", "Guests with aggregate spend, no documents, no allergies"),
    ("manager", "Miguel Carvalho", "manager", "Full profiles, spend, source profiles, relations"),
    ("dpo", "Dana Popescu", "dpo", "Guests and their source profiles for privacy requests"),
    ("hospitality", "Alex Moreau", "admin", "Configuration, connectors, imports, quarantine"),
)
