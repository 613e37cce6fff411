import { Component, onWillUnmount, useEffect } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { _t } from "@web/core/l10n/translation";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const INTERVAL = 2000;

/** Shows how far a job in the background is, and reloads the record until it has ended. */
export class ImportProgress extends Component {
    static template = "hospitality_connectors.ImportProgress";
    static props = { ...standardFieldProps };

    setup() {
        this.timer = null;
        useEffect(
            (running) => {
                clearTimeout(this.timer);
                if (running) {
                    this.timer = setTimeout(() => this.reload(), INTERVAL);
                }
            },
            () => [this.isRunning, this.props.record.data.progress_done, this.tick]
        );
        onWillUnmount(() => clearTimeout(this.timer));
        this.tick = 0;
    }

    get isRunning() {
        return Boolean(this.props.record.data.task);
    }

    get percent() {
        return Math.round(this.props.record.data[this.props.name] || 0);
    }

    get label() {
        const { stage, progress_done: done, progress_total: total } = this.props.record.data;
        const stages = {
            read: _t("Reading rows"),
            apply: _t("Writing guests and visits"),
            verify: _t("Comparing with the file"),
        };
        if (!stage) {
            return _t("Waiting to start");
        }
        return `${stages[stage] || stage}: ${done.toLocaleString()} / ${total.toLocaleString()}`;
    }

    async reload() {
        this.tick++;
        // A changed form is not reloaded: nobody's typing is lost to a progress bar.
        if (!(await this.props.record.isDirty())) {
            await this.props.record.load();
        }
        if (this.isRunning) {
            clearTimeout(this.timer);
            this.timer = setTimeout(() => this.reload(), INTERVAL);
        }
    }
}

registry.category("fields").add("hospitality_import_progress", {
    component: ImportProgress,
    displayName: _t("Import Progress"),
    supportedTypes: ["float"],
    fieldDependencies: [
        { name: "task", type: "selection" },
        { name: "stage", type: "char" },
        { name: "progress_done", type: "integer" },
        { name: "progress_total", type: "integer" },
    ],
});
