import { Component } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";

/** Alerts that stand between the user and what he asked for: read and go on, or stop. */
export class AlertsDialog extends Component {
    static template = "hospitality_crm.AlertsDialog";
    static components = { Dialog };
    static props = {
        alerts: Array,
        blocked: Boolean,
        onConfirm: Function,
        close: Function,
    };

    confirm() {
        this.props.close();
        this.props.onConfirm();
    }
}
