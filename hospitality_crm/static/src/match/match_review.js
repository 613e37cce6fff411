import { Component, onWillStart, onWillUnmount, useRef, useState } from "@odoo/owl";
import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { Mutex } from "@web/core/utils/concurrency";
import { useService } from "@web/core/utils/hooks";
import { useSetupAction } from "@web/search/action_hook";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { BulkDialog } from "./bulk_dialog";
import { CaseEvidence } from "./case_evidence";
import { useChoices } from "./case_choices";
import { CaseQueue, newCase } from "./case_queue";
import { DecisionSender } from "./decision_sender";
import { GuestColumns } from "./guest_columns";
import { HelpDialog } from "./help_dialog";
import { useKeys, useSwipe } from "./input_hooks";

/**
 * Possible duplicates, one case at a time.
 *
 * A decision is shown at once and sent in the background, one after the other; the next cases
 * are loaded ahead. When the server refuses, the case comes back with the reason.
 */
export class MatchReview extends Component {
    static template = "hospitality_crm.MatchReview";
    static components = { CaseEvidence, GuestColumns };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        this.rootRef = useRef("root");
        this.mutex = new Mutex();
        const { context = {} } = this.props.action;
        const saved = this.props.state || {};
        this.state = useState({
            status: null,
            cases: [],
            filters: saved.filters || {
                band: context.match_band || false,
                partner_ids: context.match_partner_ids || false,
                property_id: false,
                source_id: false,
                min_score: false,
                state: "open",
            },
            ...newCase(),
            sending: 0,
            loading: false,
            exhausted: false,
            undo: saved.undo || [],
            showFilters: false,
        });
        this.queue = new CaseQueue(this.state, {
            orm: this.orm,
            mutex: this.mutex,
            onNextCase: () => this.rootRef.el?.querySelector(".o_hosp_match_body")?.scrollTo(0, 0),
        });
        this.sender = new DecisionSender(this.queue, this.notification);
        useSetupAction({
            rootRef: this.rootRef,
            getLocalState: () => ({ filters: { ...this.state.filters }, undo: [...this.state.undo] }),
            // What was decided must have reached the server before the page goes.
            beforeLeave: () => this.mutex.getUnlockedDef(),
        });
        this.choices = useChoices(this.state, () => this.current, this.rootRef);
        useKeys(() => this.keys);
        // A swipe skips the case; decisions that change guests need a button.
        this.swipe = useSwipe(() => this.decide("skip"), ".o_hosp_match_wide");
        onWillStart(() => this.queue.reload());
        onWillUnmount(() => this.queue.stop());
    }

    //--------------------------------------------------------------------------
    // The case on the screen
    //--------------------------------------------------------------------------

    get current() {
        return this.state.cases[0];
    }

    get pairs() {
        return this.current.pairs.filter(
            (pair) => !this.state.left[pair.left] && !this.state.left[pair.right]
        );
    }

    get pair() {
        return this.pairs[Math.min(this.state.pair, this.pairs.length - 1)];
    }

    get guestIds() {
        return this.current.guests.map((guest) => guest.id).filter((id) => !this.state.left[id]);
    }

    /** The guest who stays: who was chosen, else the first of the default order who takes part. */
    get winnerId() {
        const { winner, left } = this.state;
        return winner && !left[winner] ? winner : this.current.winners.find((id) => !left[id]);
    }

    get mayDecide() {
        return this.state.status?.can.decide && this.current.may_decide;
    }

    get doneText() {
        return _t("%(done)s done today, %(left)s to go", {
            done: this.state.status.done_today.toLocaleString(),
            left: this.state.status.left.toLocaleString(),
        });
    }

    get doneShare() {
        const { done_today: done, left } = this.state.status;
        return done + left ? Math.round((done / (done + left)) * 100) : 0;
    }

    get bands() {
        const { bands } = this.state.status;
        const titles = {
            merge: _t("Almost certain"),
            ask: _t("Perhaps"),
            household: _t("Households"),
        };
        const known = Object.keys(titles).map((name) => ({
            name,
            title: titles[name],
            count: bands[name] || 0,
        }));
        const all = known.reduce((sum, band) => sum + band.count, 0);
        return [{ name: false, title: _t("All"), count: all }, ...known];
    }

    get hasFilters() {
        const { property_id, source_id, min_score, partner_ids, state } = this.state.filters;
        return Boolean(property_id || source_id || min_score || partner_ids || state !== "open");
    }

    get actions() {
        const household = this.pair?.band === "household";
        return [
            {
                name: "merge",
                key: "M",
                title: this.guestIds.length > 2 ? _t("Merge %s", this.guestIds.length) : _t("Merge"),
                icon: "fa-compress",
                style: household ? "btn-secondary" : "btn-primary",
            },
            { name: "different", key: "N", title: _t("Not the same"), icon: "fa-times", style: "btn-secondary" },
            {
                name: "household",
                key: "H",
                title: _t("Household"),
                icon: "fa-home",
                style: household ? "btn-primary" : "btn-secondary",
            },
            { name: "skip", key: "S", title: _t("Skip"), icon: "fa-step-forward", style: "btn-secondary" },
        ];
    }

    /** The strongest evidence in one line, for screens where the bars stand below. */
    get gist() {
        const [against, support] = [true, false].map((negative) =>
            this.pair.evidence
                .filter((piece) => piece.weight < 0 === negative && piece.subject !== "prior")
                .map((piece) => piece.label)
        );
        const shown = support.slice(0, 3).join(", ");
        return against.length ? _t("%(for)s. Against: %(against)s", { for: shown, against: against.slice(0, 2).join(", ") }) : shown;
    }

    //--------------------------------------------------------------------------
    // Decisions
    //--------------------------------------------------------------------------

    decide(decision) {
        const item = this.current;
        if (!item || (decision !== "skip" && !this.mayDecide)) {
            return;
        }
        const matchIds = this.pairs.flatMap((pair) => pair.match_ids);
        const guestIds = this.guestIds;
        if (!matchIds.length) {
            this.state.refusal = _t("Two of these guests must be part of the decision at least.");
            return;
        }
        const options =
            decision === "merge" ? { values: { ...this.state.choices }, winner_id: this.winnerId } : {};
        if (decision === "household") {
            options.kind = this.state.kind;
        }
        this.sender.decide(decision, { item, matchIds, guestIds, options });
    }

    undoLast() {
        return this.sender.undoLast();
    }

    //--------------------------------------------------------------------------
    // Handlers
    //--------------------------------------------------------------------------

    toggleGuest(guestId) {
        this.state.left[guestId] = !this.state.left[guestId];
        this.state.pair = 0;
        this.state.refusal = "";
    }

    /** Let the next guest of the case be the one who stays. */
    nextWinner() {
        const ids = this.guestIds;
        if (this.mayDecide && ids.length) {
            this.state.winner = ids[(ids.indexOf(this.winnerId) + 1) % ids.length];
        }
    }

    /** What the keys do; see the help. */
    get keys() {
        const always = {
            z: () => this.undoLast(),
            u: () => this.undoLast(),
            "?": () => this.openHelp(),
            f: () => (this.state.showFilters = !this.state.showFilters),
        };
        if (!this.current) {
            return always;
        }
        const forward = getComputedStyle(document.body).direction === "rtl" ? -1 : 1;
        const columns = this.current.guests.map((_guest, index) => [
            String(index + 1),
            () => this.choices.pick(index),
        ]);
        return {
            ...always,
            ...Object.fromEntries(columns),
            m: () => this.decide("merge"),
            n: () => this.decide("different"),
            h: () => this.decide("household"),
            s: () => this.decide("skip"),
            w: () => this.nextWinner(),
            ArrowDown: () => this.choices.move(1),
            ArrowUp: () => this.choices.move(-1),
            ArrowRight: () => this.choices.step(forward),
            ArrowLeft: () => this.choices.step(-forward),
        };
    }

    setFilter(name, value) {
        this.state.filters[name] = value;
        return this.mutex.exec(() => this.queue.reload());
    }

    clearFilters() {
        Object.assign(this.state.filters, {
            property_id: false,
            source_id: false,
            min_score: false,
            partner_ids: false,
            state: "open",
        });
        return this.mutex.exec(() => this.queue.reload());
    }

    onScoreChange(ev) {
        const value = ev.target.value.trim();
        return this.setFilter("min_score", value && !isNaN(value) ? Number(value) : false);
    }

    openGuest(guestId) {
        this.action.doActionButton({
            type: "object",
            name: "action_open_guest_card",
            resModel: "res.partner",
            resId: guestId,
        });
    }

    openHelp() {
        this.dialog.add(HelpDialog, {});
    }

    openBulk() {
        this.dialog.add(BulkDialog, {
            filters: { ...this.state.filters },
            onStarted: () => this.queue.reload(),
        });
    }

    startRun() {
        this.dialog.add(ConfirmationDialog, {
            title: _t("Look for duplicates"),
            body: _t(
                "All guests are compared with each other in the background. Nothing is merged without being asked, unless the settings say so. You can go on working."
            ),
            confirmLabel: _t("Start"),
            confirm: async () => {
                await this.orm.call("hospitality.match.review", "start_run", []);
                await this.queue.refreshStatus();
            },
            cancel: () => {},
        });
    }
}

registry.category("actions").add("hospitality_match_review", MatchReview);
