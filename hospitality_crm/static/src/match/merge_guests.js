import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { GuestColumns } from "./guest_columns";

/** Guests that somebody has selected, side by side, to merge them. */
export class MergeGuests extends Component {
    static template = "hospitality_crm.MergeGuests";
    static components = { GuestColumns };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.state = useState({ data: null, winnerId: false, choices: {}, busy: false });
        onWillStart(async () => {
            this.state.data = await this.orm.call("hospitality.guest.compare", "get_merge", [this.partnerIds]);
            this.state.winnerId = this.state.data.winner_id;
        });
    }

    get partnerIds() {
        return this.props.action.context.partner_ids;
    }

    choose(name, guestId) {
        if (this.state.choices[name] === guestId) {
            delete this.state.choices[name];
        } else {
            this.state.choices[name] = guestId;
        }
    }

    close() {
        return this.action.doAction({ type: "ir.actions.act_window_close" });
    }

    async merge() {
        this.state.busy = true;
        try {
            const mergeId = await this.orm.call("hospitality.guest.compare", "merge", [this.partnerIds], {
                winner_id: this.state.winnerId,
                choices: { ...this.state.choices },
            });
            await this.close();
            await this.action.doAction("soft_reload");
            this.notification.add(_t("All stays, contacts and messages stand at one guest now."), {
                title: _t("Merged."),
                type: "success",
                buttons: [{ name: _t("Undo"), primary: true, onClick: () => this.undo(mergeId) }],
            });
        } finally {
            this.state.busy = false;
        }
    }

    async undo(mergeId) {
        await this.orm.call("hospitality.merge", "undo_with_report", [[mergeId]]);
        this.notification.add(_t("The merge was taken back."), { type: "success" });
        await this.action.doAction("soft_reload");
    }
}

registry.category("actions").add("hospitality_merge_guests", MergeGuests);
