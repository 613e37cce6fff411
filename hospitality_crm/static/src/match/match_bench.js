import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

const DELAY_MS = 400;
const LOW = -6;
const HIGH = 14;

/** Other thresholds and weights on stored pairs: what would change, before it counts. */
export class MatchBench extends Component {
    static template = "hospitality_crm.MatchBench";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.low = LOW;
        this.high = HIGH;
        this.state = useState({
            bench: null,
            auto: 0,
            ask: 0,
            changes: {},
            decisions: 0,
            result: null,
            refusal: "",
            busy: false,
            subject: "",
        });
        this.tryLater = useDebounced(() => this.tryOut(), DELAY_MS);
        onWillStart(() => this.load());
    }

    async load() {
        const bench = await this.orm.call("hospitality.match.bench", "get_bench", []);
        Object.assign(this.state, {
            bench,
            auto: bench.auto,
            ask: bench.ask,
            changes: {},
            decisions: 0,
            result: null,
            refusal: "",
        });
    }

    get isChanged() {
        const { bench, auto, ask, changes } = this.state;
        return auto !== bench.auto || ask !== bench.ask || Object.keys(changes).length > 0;
    }

    get params() {
        return [this.state.auto, this.state.ask, { ...this.state.changes }];
    }

    async tryOut() {
        if (!this.isChanged) {
            this.state.result = null;
            this.state.refusal = "";
            return;
        }
        const ticket = (this.ticket = Symbol("try"));
        try {
            const result = await this.orm.silent.call("hospitality.match.bench", "try_out", this.params);
            if (ticket === this.ticket) {
                Object.assign(this.state, { result, refusal: "" });
            }
        } catch (error) {
            this.explain(error);
        }
    }

    /** What the server refuses is told beside what caused it. */
    explain(error) {
        if (!error.data?.message) {
            throw error;
        }
        this.state.refusal = error.data.message;
        this.state.result = null;
    }

    setThreshold(name, text) {
        const value = Number(text);
        if (text !== "" && !isNaN(value)) {
            this.state[name] = value;
            this.state.decisions = 0;
            this.tryLater();
        }
    }

    setWeight(row, text) {
        const value = Number(text);
        if (text === "" || isNaN(value) || value === row.weight) {
            delete this.state.changes[row.code];
        } else {
            this.state.changes[row.code] = value;
        }
        this.state.decisions = 0;
        this.tryLater();
    }

    weightOf(row) {
        return this.state.changes[row.code] ?? row.weight;
    }

    isMoved(row) {
        return row.code in this.state.changes;
    }

    get subjects() {
        const subjects = new Map();
        for (const row of this.state.bench.weights) {
            if (!subjects.has(row.subject)) {
                subjects.set(row.subject, { name: row.subject, label: row.label, rows: [] });
            }
            subjects.get(row.subject).rows.push(row);
        }
        return [...subjects.values()];
    }

    movedIn(subject) {
        return subject.rows.filter((row) => this.isMoved(row)).length;
    }

    toggleSubject(name) {
        this.state.subject = this.state.subject === name ? "" : name;
    }

    bandText(name) {
        return {
            merge: _t("Merged by itself"),
            ask: _t("A person is asked"),
            household: _t("Household"),
            new: _t("Different guests"),
        }[name];
    }

    get bands() {
        const { bench, result } = this.state;
        return ["merge", "ask", "household", "new"].map((name) => {
            const before = bench.bands[name];
            const after = result ? result.bands[name] : before;
            return { name, title: this.bandText(name), before, after, change: after - before };
        });
    }

    signed(value, digits = 0) {
        const text = Math.abs(value).toLocaleString(undefined, { maximumFractionDigits: digits });
        return value < 0 ? `−${text}` : `+${text}`;
    }

    get agreement() {
        const { bench, result } = this.state;
        const rows = [
            ["right", _t("merged by people, and would be merged by itself"), true],
            ["wrong", _t("kept apart by people, but would be merged"), false],
            ["asked", _t("decided by people, and would be asked again"), null],
            ["missed", _t("merged by people, but would not be proposed"), false],
        ];
        return rows.map(([name, text, good]) => {
            const before = bench.agreement[name];
            const after = result ? result.agreement[name] : before;
            const tone =
                after === before || good === null ? "" : after > before === good ? "text-success" : "text-danger";
            return { name, text, before, after, tone };
        });
    }

    why(flip) {
        if (!flip.why.length) {
            return _t("The threshold has moved past its score of %s.", flip.score_after.toFixed(1));
        }
        const parts = flip.why.map((piece) => `${piece.label} ${this.signed(piece.weight, 2)}`).join(", ");
        return _t("%(parts)s: the score goes from %(before)s to %(after)s.", {
            parts,
            before: flip.score_before.toFixed(1),
            after: flip.score_after.toFixed(1),
        });
    }

    decidedText(flip) {
        return { 1: _t("people merged them"), 0: _t("people keep them apart") }[flip.decided] || "";
    }

    async fit() {
        this.state.busy = true;
        try {
            const result = await this.orm.call("hospitality.match.bench", "fit_decisions", []);
            const { changes, decisions } = result;
            Object.assign(this.state, { changes, decisions, result, refusal: "" });
        } catch (error) {
            this.explain(error);
        } finally {
            this.state.busy = false;
        }
    }

    async save() {
        this.state.busy = true;
        try {
            const moved = await this.orm.call("hospitality.match.bench", "save", this.params, {
                decisions: this.state.decisions,
            });
            this.notification.add(
                moved === 1
                    ? _t("They count from now on. 1 open pair has moved to another band.")
                    : _t("They count from now on. %s open pairs have moved to another band.", moved),
                { title: _t("Saved"), type: "success" }
            );
            await this.load();
        } finally {
            this.state.busy = false;
        }
    }

    openVersions() {
        this.action.doAction("hospitality_crm.hospitality_match_weights_action");
    }
}

registry.category("actions").add("hospitality_match_bench", MatchBench);
