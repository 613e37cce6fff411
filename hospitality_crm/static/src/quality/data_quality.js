import { Component, onWillStart, useState } from "@odoo/owl";
import { deserializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { formatPercentage } from "@web/views/fields/formatters";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const WIDTH = 120;
const HEIGHT = 32;
const GROUPS = ["source", "property", "user"];
const COLUMNS = [
    "completeness",
    "email_rate",
    "phone_rate",
    "birthdate_rate",
    "language_rate",
    "country_rate",
    "relay_rate",
    "duplicate_rate",
    "suspect_rate",
];

/** How complete and how clean the records of guests are, who made them, and where it is going. */
export class DataQuality extends Component {
    static template = "hospitality_crm.DataQuality";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ data: null, group: "source", counting: false });
        this.columns = COLUMNS;
        onWillStart(async () => {
            this.canCount = await user.hasGroup("hospitality_crm.group_hospitality_manager");
            await this.load();
        });
    }

    async load() {
        this.state.data = await this.orm.call("hospitality.data.quality", "get_overview", []);
    }

    get groups() {
        const titles = { source: _t("By source"), property: _t("By property"), user: _t("By employee") };
        const columns = { source: _t("Source"), property: _t("Property"), user: _t("Employee") };
        return GROUPS.map((name) => ({ name, title: titles[name], column: columns[name] }));
    }

    get rows() {
        return this.state.data[this.state.group];
    }

    get dateText() {
        return deserializeDate(this.state.data.date).toLocaleString({
            day: "numeric",
            month: "long",
            year: "numeric",
        });
    }

    get records() {
        return this.state.data.total.records.toLocaleString();
    }

    measure(name) {
        return this.state.data.measures.find((measure) => measure.name === name);
    }

    percent(value) {
        return formatPercentage(value, { digits: [16, 1] });
    }

    /** Change since the first day of the trend, in points; nothing while there is only one day. */
    change(measure) {
        const { trend } = this.state.data;
        if (trend.length < 2) {
            return null;
        }
        const points = (trend[trend.length - 1][measure.name] - trend[0][measure.name]) * 100;
        const rounded = Math.round(points * 10) / 10;
        if (!rounded) {
            return { text: _t("unchanged"), tone: "text-muted", icon: "" };
        }
        const better = rounded > 0 === measure.more_is_better;
        return {
            text: _t("%s points", Math.abs(rounded).toLocaleString()),
            tone: better ? "text-success" : "text-danger",
            icon: rounded > 0 ? "fa-arrow-up" : "fa-arrow-down",
            title: better ? _t("Better than before") : _t("Worse than before"),
        };
    }

    get trendText() {
        const [first] = this.state.data.trend;
        return _t(
            "Trend since %s",
            deserializeDate(first.date).toLocaleString({ day: "numeric", month: "short" })
        );
    }

    /** The trend of a rate as a polyline; the scale is its own range, at least five points wide. */
    line(measure) {
        const { trend } = this.state.data;
        if (trend.length < 2) {
            return "";
        }
        const values = trend.map((row) => row[measure.name]);
        const low = Math.min(...values);
        const span = Math.max(Math.max(...values) - low, 0.05);
        const days = trend.map((row) => deserializeDate(row.date).toMillis());
        const length = days[days.length - 1] - days[0];
        return values
            .map((value, index) => {
                const x = ((days[index] - days[0]) / length) * WIDTH;
                const y = HEIGHT - 2 - ((value - low) / span) * (HEIGHT - 4);
                return `${x.toFixed(1)},${y.toFixed(1)}`;
            })
            .join(" ");
    }

    /** The widest bar is 100 %; colour says whether a long one is good. */
    barStyle(row, name) {
        return `width: ${Math.round(Math.min(row[name], 1) * 100)}%`;
    }

    barClass(name) {
        return this.measure(name).more_is_better ? "o_hosp_bar_good" : "o_hosp_bar_bad";
    }

    rowName(row) {
        return row.name || _t("No property");
    }

    async count() {
        this.state.counting = true;
        try {
            await this.orm.call("hospitality.data.quality", "action_refresh", []);
            await this.load();
        } finally {
            this.state.counting = false;
        }
    }

    openDetail(view, row) {
        const domain = row ? [[`${this.state.group}_id`, "=", row.id]] : [];
        this.action.doAction("hospitality_crm.hospitality_data_quality_action", {
            viewType: view,
            additionalContext: view === "graph" ? { search_default_latest: 0 } : {},
            props: domain.length ? { domain } : {},
        });
    }

    openReview() {
        this.action.doAction("hospitality_crm.hospitality_match_review_action");
    }
}

registry.category("actions").add("hospitality_data_quality", DataQuality);
