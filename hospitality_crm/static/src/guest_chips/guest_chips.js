import { Component } from "@odoo/owl";

const ALERT_ICONS = {
    vip: "fa-star",
    do_not_rent: "fa-ban",
    incognito: "fa-user-secret",
    payment: "fa-credit-card",
    safety: "fa-shield",
    info: "fa-info-circle",
};

/**
 * Alerts of a guest, those that block first. What blocks is red and says so in words too, so
 * that it doesn't depend on seeing colours.
 */
export class AlertChips extends Component {
    static template = "hospitality_crm.AlertChips";
    static props = {
        alerts: Array,
        onClick: { type: Function, optional: true },
    };

    icon(alert) {
        return ALERT_ICONS[alert.kind] || "fa-exclamation-triangle";
    }

    tone(alert) {
        if (alert.blocks) {
            return "o_hosp_chip_danger";
        }
        return alert.kind === "vip" ? "o_hosp_chip_vip" : "o_hosp_chip_warning";
    }
}

/**
 * What is known about allergies: nothing at all ("unknown") differs from "none", and whoever
 * may not see them (``allergies`` null) sees no chip.
 */
export class AllergyChips extends Component {
    static template = "hospitality_crm.AllergyChips";
    static props = {
        allergies: { type: [Object, { value: null }], optional: true },
        showUnknown: { type: Boolean, optional: true },
    };
    static defaultProps = { showUnknown: true };
}
