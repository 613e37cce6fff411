from . import (
    hospitality_connector,
    hospitality_connector_inbox,
    hospitality_import_mapping,
    hospitality_import_folder,
    hospitality_import_columns,
    hospitality_import_job,
    hospitality_import_line,
    hospitality_import_runner,
)
