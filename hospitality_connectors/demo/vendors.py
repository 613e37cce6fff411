"""Connectors to the PMS and the POS that feed the demo group while it runs."""

from . import place_records


def connect(env, vendors):
    """Make or update a source and a connector for each vendor.

    :param list vendors: dicts with ``name source kind property adapter settings secrets``
    :return: the connectors
    """
    connectors = env["hospitality.connector"]
    for vendor in vendors:
        place = env["hospitality.property"].search([("code", "=", vendor["property"])], limit=1)
        source = place_records.ensure(
            env,
            "hospitality.source",
            {"code": vendor["source"]},
            {"name": vendor["name"], "kind": vendor["kind"], "property_id": place.id},
        )
        connector = place_records.ensure(
            env,
            "hospitality.connector",
            {"source_id": source.id, "adapter": vendor["adapter"]},
            {"name": vendor["name"], "property_id": place.id, "state": "paused", "strict_status": True},
        )
        connector.write({"settings": vendor["settings"]})
        for name, value in vendor["secrets"].items():
            connector._set_secret(name, value)
        connector.state = "running"
        connectors |= connector
    return connectors
