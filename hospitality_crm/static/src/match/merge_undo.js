import { Component, onWillStart, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/** What goes back, what stays and what a person must look at, before a merge is taken back. */
export class MergeUndo extends Component {
    static template = "hospitality_crm.MergeUndo";
    static props = {
        mergeId: Number,
        partnerIds: { type: Array, optional: true },
        onDone: Function,
        onCancel: Function,
    };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.state = useState({ preview: null, refusal: "", busy: false });
        onWillStart(async () => {
            try {
                this.state.preview = await this.call("get_undo_preview");
            } catch (error) {
                this.state.refusal = error.data?.message || _t("This merge can't be taken back.");
            }
        });
    }

    call(method) {
        return this.orm.call("hospitality.merge", method, [[this.props.mergeId]], {
            partner_ids: this.props.partnerIds || null,
        });
    }

    async undo() {
        this.state.busy = true;
        try {
            await this.call("undo_with_report");
            this.notification.add(_t("The merge was taken back."), { type: "success" });
            await this.props.onDone();
        } finally {
            this.state.busy = false;
        }
    }

    openRows(row) {
        this.action.doAction({
            type: "ir.actions.act_window",
            name: row.label,
            res_model: row.model,
            domain: [["id", "in", row.ids]],
            views: [
                [false, "list"],
                [false, "form"],
            ],
        });
    }
}

/** The same as an action: the button of a merge opens it in a dialog. */
export class MergeUndoAction extends Component {
    static template = "hospitality_crm.MergeUndoAction";
    static components = { MergeUndo };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
    }

    get mergeId() {
        return this.props.action.context.merge_id;
    }

    close() {
        return this.action.doAction({ type: "ir.actions.act_window_close" });
    }

    async done() {
        await this.close();
        await this.action.doAction("soft_reload");
    }
}

/** The same in a dialog of its own, for screens that are no action. */
export class MergeUndoDialog extends Component {
    static template = "hospitality_crm.MergeUndoDialog";
    static components = { Dialog, MergeUndo };
    static props = {
        mergeId: Number,
        partnerIds: { type: Array, optional: true },
        onDone: Function,
        close: Function,
    };

    async done() {
        this.props.close();
        await this.props.onDone();
    }
}

registry.category("actions").add("hospitality_merge_undo", MergeUndoAction);
