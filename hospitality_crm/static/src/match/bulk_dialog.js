import { Component, onWillStart, onWillUnmount, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";

const POLL_MS = 1500;

/** Merge all proposals of a range of scores: how many, ten of them to look at, then in the background. */
export class BulkDialog extends Component {
    static template = "hospitality_crm.MatchBulkDialog";
    static components = { Dialog };
    static props = { filters: Object, onStarted: Function, close: Function };

    setup() {
        this.orm = useService("orm");
        const { band, min_score } = this.props.filters;
        this.state = useState({
            band: band === "ask" ? "ask" : "merge",
            min_score: min_score || false,
            max_score: false,
            preview: null,
            job: false,
            loading: false,
        });
        onWillStart(async () => {
            const job = await this.orm.call("hospitality.match.bulk", "get_progress", [[]]);
            if (job && job.state === "running") {
                this.follow(job);
            } else {
                await this.load();
            }
        });
        onWillUnmount(() => browser.clearTimeout(this.poll));
    }

    get filters() {
        const { band, min_score, max_score } = this.state;
        const { property_id, source_id, partner_ids } = this.props.filters;
        return { property_id, source_id, partner_ids, band, min_score, max_score };
    }

    async load() {
        const ticket = (this.ticket = Symbol("preview"));
        this.state.loading = true;
        const preview = await this.orm.call("hospitality.match.bulk", "get_preview", [this.filters]);
        if (ticket === this.ticket) {
            this.state.preview = preview;
            this.state.loading = false;
        }
    }

    set(name, text) {
        const value = text.trim();
        this.state[name] = name === "band" ? value : value && !isNaN(value) ? Number(value) : false;
        return this.load();
    }

    get sampleText() {
        const { count, sample } = this.state.preview;
        return count > sample.length
            ? _t("%(count)s pairs. Look at these %(sample)s, evenly from the best to the worst, before you go on.", {
                  count: count.toLocaleString(),
                  sample: sample.length,
              })
            : _t("Look at them before you go on, from the best to the worst.");
    }

    get startText() {
        return _t("Merge %s pairs", this.state.preview.count.toLocaleString());
    }

    get percent() {
        const { done_count: done, total_count: total } = this.state.job;
        return total ? Math.round((done / total) * 100) : 100;
    }

    get progressText() {
        const { done_count, total_count, merged_count, refused_count } = this.state.job;
        return _t("%(done)s of %(total)s pairs, %(merged)s merges, %(refused)s refused", {
            done: done_count.toLocaleString(),
            total: total_count.toLocaleString(),
            merged: merged_count.toLocaleString(),
            refused: refused_count.toLocaleString(),
        });
    }

    names(item) {
        return item.guests.map((guest) => guest.name).join(" · ");
    }

    differing(item) {
        return item.rows.filter((row) => row.status === "differ").map((row) => row.label);
    }

    shared(item) {
        return item.rows.filter((row) => row.status === "same").map((row) => row.label);
    }

    async start() {
        this.follow(await this.orm.call("hospitality.match.bulk", "start", [this.filters]));
    }

    follow(job) {
        this.state.job = job;
        browser.clearTimeout(this.poll);
        if (job.state === "running") {
            this.poll = browser.setTimeout(async () => {
                this.follow(await this.orm.silent.call("hospitality.match.bulk", "get_progress", [[job.id]]));
            }, POLL_MS);
        } else {
            this.props.onStarted();
        }
    }

    async stop() {
        await this.orm.call("hospitality.match.bulk", "action_stop", [[this.state.job.id]]);
        this.follow(await this.orm.call("hospitality.match.bulk", "get_progress", [[this.state.job.id]]));
    }

    close() {
        this.props.onStarted();
        this.props.close();
    }
}
