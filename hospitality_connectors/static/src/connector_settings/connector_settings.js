import { Component } from "@odoo/owl";
import { deserializeDateTime, formatDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { Mutex } from "@web/core/utils/concurrency";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** What the adapter of a connector needs, as a form: settings in the open, secrets that are entered and never shown. */
export class ConnectorSettings extends Component {
    static template = "hospitality_connectors.ConnectorSettings";
    static props = { ...standardFieldProps };

    setup() {
        // One change after the other: each starts from what the one before has made.
        this.mutex = new Mutex();
    }

    /** What is needed comes first; the order of the adapter is kept within. */
    get entries() {
        const entries = this.props.record.data.settings_form || [];
        return [...entries.filter((entry) => entry.required), ...entries.filter((entry) => !entry.required)];
    }

    /** The first of those that may be left out, where others may not. */
    isFirstOptional(entry) {
        const { entries } = this;
        return entries[0].required && entry === entries.find((other) => !other.required);
    }

    get values() {
        return this.props.record.data[this.props.name] || {};
    }

    get changes() {
        return this.props.record.data.secret_changes || {};
    }

    get readonly() {
        return this.props.readonly;
    }

    /** Only those who may enter secrets have the field. */
    get mayEnterSecrets() {
        return !this.readonly && "secret_changes" in this.props.record.activeFields;
    }

    id(entry) {
        return `o_connector_${this.props.id || this.props.name}_${entry.name}`;
    }

    value(entry) {
        const value = this.values[entry.name];
        return value === undefined || value === null ? "" : String(value);
    }

    typed(entry) {
        return this.changes[entry.name]?.value || "";
    }

    shown(entry) {
        return this.value(entry) || entry.default;
    }

    words(entry) {
        const shown = this.shown(entry);
        return entry.choices.find(([choice]) => choice === shown)?.[1] || shown;
    }

    isMissing(entry) {
        return entry.required && (entry.secret ? !this.isSet(entry) : !this.shown(entry));
    }

    isSet(entry) {
        const change = this.changes[entry.name];
        return Boolean(change?.value) || (entry.is_set && change?.remove !== "all");
    }

    state(entry) {
        const change = this.changes[entry.name];
        if (change?.value) {
            return _t("Will be set when you save");
        }
        if (change?.remove === "all") {
            return _t("Will be removed when you save");
        }
        if (entry.from_environment) {
            return _t("Set in the environment of the server");
        }
        return entry.is_set ? _t("Set") : _t("Not set");
    }

    placeholder(entry) {
        return this.isSet(entry) ? _t("Enter to replace") : _t("Enter it here");
    }

    oldUntil(entry) {
        const pending = this.changes[entry.name];
        return entry.old_until && !pending ? formatDateTime(deserializeDateTime(entry.old_until)) : "";
    }

    async onChange(entry, ev) {
        const value = ev.target.value.trim();
        await this.mutex.exec(() => {
            const values = { ...this.values };
            if (value) {
                values[entry.name] = value;
            } else {
                delete values[entry.name];
            }
            return this.props.record.update({ [this.props.name]: values });
        });
    }

    async onSecret(entry, ev) {
        const value = ev.target.value;
        await this.change(entry, value.trim() ? { value } : null);
    }

    async onRemove(entry, what) {
        await this.change(entry, { remove: what });
    }

    async change(entry, change) {
        await this.mutex.exec(() => {
            const changes = { ...this.changes };
            if (change) {
                changes[entry.name] = change;
            } else {
                delete changes[entry.name];
            }
            return this.props.record.update({ secret_changes: Object.keys(changes).length ? changes : false });
        });
    }
}

registry.category("fields").add("hospitality_connector_settings", {
    component: ConnectorSettings,
    displayName: _t("Settings of a Connector"),
    supportedTypes: ["json"],
    fieldDependencies: [{ name: "settings_form", type: "json" }],
});
