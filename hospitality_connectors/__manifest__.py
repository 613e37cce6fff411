{
    "name": "Hospitality Connectors",
    "summary": "Inbox, mapping and set-based import of PMS, POS and file data",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Hospitality CRM contributors",
    "license": "LGPL-3",
    "depends": ["hospitality_crm"],
    "data": [
        "security/ir.model.access.csv",
    ],
    "installable": True,
}
