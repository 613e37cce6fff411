import { Component, onWillUpdateProps, useState } from "@odoo/owl";
import { formatCurrency } from "@web/core/currency";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { shortDate } from "../utils";

/**
 * Everything that happened with the guest, newest first. The first page comes with the card;
 * further pages go on from the last row shown.
 */
export class GuestTimeline extends Component {
    static template = "hospitality_crm.GuestTimeline";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.shortDate = shortDate;
        this.state = useState({ rows: [], next: false, loading: false });
        this.setFirstPage(this.props.record);
        onWillUpdateProps(({ record }) => {
            if (record.data.guest_card !== this.card) {
                this.setFirstPage(record);
            }
        });
    }

    setFirstPage(record) {
        this.card = record.data.guest_card;
        const page = this.card?.timeline || { rows: [], next: false };
        this.state.rows = page.rows;
        this.state.next = page.next;
    }

    /** Rows in sections: what is to come, then month by month. */
    get sections() {
        const today = this.card?.today || "";
        const sections = [];
        for (const row of this.state.rows) {
            const day = row.time.slice(0, 10);
            const coming = day > today;
            const key = coming ? "coming" : day.slice(0, 7);
            if (sections.at(-1)?.key !== key) {
                const title = coming
                    ? _t("To come")
                    : deserializeDateTime(`${day} 12:00:00`).toLocaleString({
                          month: "long",
                          year: "numeric",
                      });
                sections.push({ key, title, rows: [] });
            }
            sections.at(-1).rows.push(row);
        }
        return sections;
    }

    when(row) {
        const from = shortDate(row.time.slice(0, 10));
        return row.until ? `${from} – ${shortDate(row.until)}` : from;
    }

    amount(row) {
        return row.amount ? formatCurrency(row.amount, row.currency_id) : "";
    }

    open(row) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: row.model,
            res_id: row.res_id,
            views: [[false, "form"]],
        });
    }

    async loadMore() {
        this.state.loading = true;
        try {
            const page = await this.orm.call("hospitality.timeline", "get_page", [], {
                partner_ids: [this.props.record.resId],
                before: this.state.next,
            });
            this.state.rows = [...this.state.rows, ...page.rows];
            this.state.next = page.next;
        } finally {
            this.state.loading = false;
        }
    }
}

registry.category("view_widgets").add("hospitality_guest_timeline", { component: GuestTimeline });
