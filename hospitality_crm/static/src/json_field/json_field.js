import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** A JSON object as a list of names and values, for people rather than programs. */
export class HospitalityJsonField extends Component {
    static template = "hospitality_crm.JsonField";
    static props = { ...standardFieldProps };

    get entries() {
        return Object.entries(this.props.record.data[this.props.name] || {})
            .sort(([a], [b]) => a.localeCompare(b))
            .map(([name, value]) => ({ name, text: this.format(value) }));
    }

    format(value) {
        if (Array.isArray(value)) {
            return value.map((item) => this.format(item)).join(", ");
        }
        if (value && typeof value === "object") {
            return Object.entries(value)
                .filter(([, item]) => item !== null && item !== "")
                .map(([name, item]) => `${name}: ${this.format(item)}`)
                .join(", ");
        }
        return String(value ?? "");
    }
}

registry.category("fields").add("hospitality_json", {
    component: HospitalityJsonField,
    displayName: _t("Names and Values"),
    supportedTypes: ["json"],
});
