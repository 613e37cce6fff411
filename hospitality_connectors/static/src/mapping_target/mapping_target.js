import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** What a code of a source means: chosen by its name where only certain meanings exist, else any text. */
export class MappingTarget extends Component {
    static template = "hospitality_connectors.MappingTarget";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ key: null, choices: null });
        // The choices are there before the input is, so that it can take the focus.
        onWillStart(() => this.load(this.props));
        onWillUpdateProps((props) => this.load(props));
    }

    get data() {
        return this.props.record.data;
    }

    get value() {
        return this.data[this.props.name] || "";
    }

    /** Pairs of code and words; false: any text; null: not known yet. */
    get choices() {
        return this.state.key === this.key ? this.state.choices : null;
    }

    get key() {
        return this.keyOf(this.data);
    }

    keyOf({ kind, connector_id: connector }) {
        return `${kind}/${connector?.id || 0}`;
    }

    get label() {
        const choice = (this.choices || []).find(([code]) => code === this.value);
        return choice ? choice[1] : this.data.target_label || this.value;
    }

    /** A meaning that isn't offered any more stays visible. */
    get isUnknown() {
        return this.value && !this.choices.some(([code]) => code === this.value);
    }

    async load({ readonly, record }) {
        const { kind, connector_id: connector } = record.data;
        const key = this.keyOf(record.data);
        if (!readonly && kind && this.state.key !== key) {
            const choices = await this.orm.call("hospitality.connector.mapping", "get_choices", [
                kind,
                connector?.id || false,
            ]);
            Object.assign(this.state, { key, choices });
        }
    }

    onChange(ev) {
        return this.props.record.update({ [this.props.name]: ev.target.value.trim() || false });
    }
}

registry.category("fields").add("hospitality_mapping_target", {
    component: MappingTarget,
    displayName: _t("Meaning of a Code"),
    supportedTypes: ["char"],
    fieldDependencies: [
        { name: "kind", type: "selection" },
        { name: "connector_id", type: "many2one" },
        { name: "target_label", type: "char" },
    ],
});
