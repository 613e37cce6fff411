from odoo import fields, models


class HospitalityContactPoint(models.Model):
    """An e-mail address, telephone number or messenger handle, once for all who use it.

    Whether it stands for a person is a property of the value: ``name_count`` is the number of
    distinct names seen with it (counted up to a cap), ``kind`` what the lists and that degree
    make of it. Only *real* points identify a guest; a *relay* is never anybody's primary.
    """

    _name = "hospitality.contact.point"
    _description = "Contact Point"
    _order = "channel, value, id"
    _rec_name = "value"
    _log_access = False

    channel = fields.Selection(
        [("email", "E-mail"), ("phone", "Phone"), ("messenger", "Messenger")], required=True
    )
    value = fields.Char(required=True, help="Normalised: lower-case e-mail, E.164 number.")
    kind = fields.Selection(
        [
            ("real", "Personal"),
            ("relay", "OTA Relay"),
            ("shared", "Agency or Shared"),
            ("reception", "Our Own"),
            ("junk", "Placeholder"),
        ],
        required=True,
        default="real",
    )
    kind_by = fields.Selection(
        [("list", "List"), ("degree", "Number of Names"), ("user", "User")], required=True, default="list"
    )
    name_count = fields.Integer(string="Distinct Names", default=0)
    reachable = fields.Boolean(default=True)
    link_ids = fields.One2many("hospitality.contact.link", "point_id", string="Profiles")

    _value_uniq = models.Constraint(
        "UNIQUE (channel, value)", "This contact point exists already: link it instead."
    )
