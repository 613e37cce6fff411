from . import (
    hospitality_message,
    ir_mail_server,
    ir_qweb,
    link_tracker,
    mail_render_mixin,
    mail_template,
    mail_mail,
    mail_compose_message,
    mailing_mailing,
    hospitality_mailing_sender,
)
