{
    "name": "Hospitality Connectors",
    "summary": "Inbox, mapping and set-based import of PMS, POS and file data",
    "version": "19.0.1.0.0",
    "category": "Sales/CRM",
    "author": "Hospitality CRM contributors",
    "license": "LGPL-3",
    "depends": ["hospitality_crm"],
    "external_dependencies": {"python": ["lxml", "openpyxl", "rapidfuzz"]},
    "data": [
        "security/ir.model.access.csv",
        "security/hospitality_import_rules.xml",
        "data/hospitality_import_data.xml",
        "views/imports/hospitality_import_reports.xml",
        "views/imports/hospitality_import_job_views.xml",
        "views/imports/hospitality_import_mapping_views.xml",
        "views/imports/hospitality_import_folder_views.xml",
        "views/imports/hospitality_import_menus.xml",
    ],
    "assets": {
        "web.assets_backend": ["hospitality_connectors/static/src/**/*"],
    },
    "installable": True,
}
