"""The texts of the made-up agency: names, places, kinds of work, and notes on time entries."""

from __future__ import annotations

FIRST_NAMES = (
    *("Ada", "Ben", "Clara", "Dieter", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Luca", "Maya"),
    *("Noor", "Oskar", "Priya", "Quentin", "Rosa", "Sven", "Tala", "Umar", "Vera", "Wim", "Xenia", "Yusuf", "Zoë"),
    *("André", "Björn", "Chloe", "Diego", "Emily", "Femi", "Gustavo", "Hana", "Ivan", "Jūlija", "Kenji", "Lea"),
)

LAST_NAMES = (
    *("Moreau", "Okafor", "Lindqvist", "Brandt", "Yildiz", "Haddad", "Berg", "Martin", "Costa", "Weber", "Demir"),
    *("Rossi", "Shah", "Rahman", "Nowak", "Patel", "Dubois", "García", "Larsen", "Khoury", "Siddiqui", "Novák"),
    *("de Vries", "Petrova", "Öztürk", "O'Neill", "Fischer", "Silva", "Johnson", "Tanaka", "Müller", "Adeyemi"),
)

CLIENTS = (
    *("Amber Insurance", "Bluebird Airlines", "Cedar & Sons", "Delta Harbour Authority", "Eastgate Theatre"),
    *("Fjord Seafood", "Glasswing Optics", "Hillside School District", "Iris Cosmetics", "Juniper Foods"),
    *("Kestrel Bicycles", "Lumen Energy", "Maple Credit Union", "North Pier Brewery", "Orchard Health"),
    *("Pelican Publishing", "Quarry Stone Works", "Riverbend Museum", "Saffron Kitchens", "Tidewater Logistics"),
    *("Ursa Outdoor", "Violet & Co.", "Willow Homes", "Xylem Water", "Yarrow Tea", "Zephyr Wind Parks"),
)

STREETS = (
    "Station Road",
    "Harbour Street",
    "Mill Lane",
    "Market Square",
    "King's Avenue",
    "Lindenallee",
    "Rue du Port",
)

TITLES = ("Head of Marketing", "Founder", "Product Owner", "Procurement", "Accounts Payable", "CTO", None)

# The last one works in the office.
ROLES = ("Design", "Engineering", "Strategy", "Project Management", "Content", "Operations")

MEETINGS = "Meetings"
VACATION, HOLIDAY, SICK_LEAVE = TIME_OFF = ("Vacation", "Public Holiday", "Sick Leave")

AGENCY_TASKS = (
    ("Design", True, "110.0"),
    ("Programming", True, "125.5"),
    ("Project Management", True, "95.0"),
    ("Research", True, "90.0"),
    ("Copywriting", True, "85.0"),
    ("Quality Assurance", True, "80.0"),
    ("Strategy Workshop", True, "150.0"),
    ("Photography", True, None),
    (MEETINGS, False, None),
    ("Administration", False, None),
    ("Business Development", False, None),
    (VACATION, False, None),
    (HOLIDAY, False, None),
    (SICK_LEAVE, False, None),
    ("Print Production", True, "70.0"),
)

#: The kind of the projects with a budget for each month.
RETAINER = "Support Retainer"

PROJECT_KINDS = (
    *("Website Relaunch", "Brand Refresh", "Mobile App", "Photo Library", "Campaign", "Design System"),
    *("Intranet", "Annual Report", "Online Shop", "Usability Study", "Data Dashboard", "Trade Fair Booth"),
)

NOTES = (
    *("Stand-up and planning", "Wireframes for the start page", "Fixed the checkout on small screens", "Code review"),
    *("Call with the client", "Second round of layouts", "Draft of the concept", "Retouched product photos", None),
    *("Moved the staging server", "Interviews, synthesis", "Texts: about us, jobs", "Sprint review\nand retrospective"),
    *(
        "Accessibility fixes (WCAG 2.2)",
        "Invoicing & paperwork",
        "Workshop preparation",
        'Named the palette "Dusk"',
        "",
    ),
    *("Deployed to production", "Regression tests", "Überarbeitung der Icons", "Migration of old articles", None, None),
)

EXPENSE_CATEGORIES = (
    ("Entertainment", None, None, True),
    ("Meals", None, None, True),
    ("Mileage", "mile", "0.67", True),
    ("Lodging", None, None, True),
    ("Transportation", None, None, True),
    ("Software", None, None, True),
    ("Courier", "parcel", "12.5", False),
)

#: The notes on expenses, by their category.
EXPENSE_NOTES = {
    "Entertainment": ("Theatre with the client", "Tickets for the fair", None),
    "Meals": ("Lunch with the client", "Dinner after the workshop", None),
    "Mileage": ("To the client and back", "To the printer's", None),
    "Lodging": ("Hotel, two nights", "Hotel at the workshop", None),
    "Transportation": ("Train to the workshop", "Taxi", None),
    "Software": ("Stock photos", "Licence for the prototype", None),
    "Courier": ("Proofs to the client", "Samples", None),
}
