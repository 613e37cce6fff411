import { _t } from "@web/core/l10n/translation";

const REFILL_BELOW = 3;
const UNDO_KEPT = 50;
const DONE = { merge: _t("Merged"), different: _t("Not the same"), household: _t("Household, not the same") };

/**
 * Sends decisions in the background, one after the other, and takes them back.
 *
 * What is decided counts at once; a case that the server refuses comes back with the reason.
 */
export class DecisionSender {
    /**
     * @param {CaseQueue} queue
     * @param {Object} notification service
     */
    constructor(queue, notification) {
        this.queue = queue;
        this.state = queue.state;
        this.orm = queue.orm;
        this.mutex = queue.mutex;
        this.notification = notification;
    }

    decide(decision, { item, matchIds, guestIds, options }) {
        const status = this.state.status;
        this.queue.decisions++;
        this.state.cases.shift();
        this.queue.resetCase();
        if (this.state.filters.state === "skipped") {
            this.queue.passed.push(...guestIds);
        }
        const decided = item.pairs.filter(
            (pair) => guestIds.includes(pair.left) && guestIds.includes(pair.right)
        );
        if (decision !== "skip") {
            status.done_today += decided.length;
        }
        status.left = Math.max(0, status.left - decided.length);
        for (const pair of decided) {
            status.bands[pair.band] = Math.max(0, (status.bands[pair.band] || 0) - 1);
        }
        this.state.sending++;
        // The queue must not bring back what is being decided.
        this.queue.inFlight.add(item);
        this.mutex.exec(async () => {
            try {
                await this.send(decision, item, matchIds, guestIds, options);
            } finally {
                this.queue.inFlight.delete(item);
            }
            if (this.state.cases.length < REFILL_BELOW) {
                await this.queue.refill();
            }
            if (!this.state.cases.length) {
                await this.queue.refreshStatus();
            }
        });
    }

    async send(decision, item, matchIds, guestIds, options) {
        let answer;
        try {
            answer = await this.orm.silent.call("hospitality.match.review", "decide", [decision, matchIds], {
                guest_ids: guestIds,
                ...options,
            });
        } catch (error) {
            this.bringBack(item, _t("The decision could not be saved. Try again."));
            this.queue.refreshStatus();
            throw error;
        } finally {
            this.state.sending--;
        }
        if (!answer.done) {
            if (answer.stale) {
                this.notification.add(answer.refusal, { type: "info" });
            } else {
                this.bringBack(item, answer.refusal);
            }
            await this.queue.refreshStatus();
            return;
        }
        const gone = new Set(answer.gone);
        if (gone.size) {
            // Cases with a guest who is part of another one now are out of date: they come again.
            this.state.cases = this.state.cases.filter(
                (other) => !other.guests.some((guest) => gone.has(guest.id))
            );
            this.state.exhausted = false;
        }
        this.state.undo.push({ token: answer.undo, decision, name: item.guests[0].name });
        this.state.undo.splice(0, this.state.undo.length - UNDO_KEPT);
        if (decision !== "skip") {
            this.toast(DONE[decision], item.guests[0].name);
        }
    }

    bringBack(item, refusal) {
        this.state.cases = [item, ...this.state.cases.filter((other) => other.key !== item.key)];
        this.queue.resetCase();
        this.state.refusal = refusal;
    }

    toast(text, name) {
        this.closeToast?.();
        this.closeToast = this.notification.add(name, {
            title: text,
            type: "success",
            buttons: [{ name: _t("Undo"), primary: true, onClick: () => this.undoLast() }],
        });
    }

    undoLast() {
        this.closeToast?.();
        return this.mutex.exec(async () => {
            const last = this.state.undo.pop();
            if (!last) {
                this.notification.add(_t("Nothing to take back: what was decided earlier is in the merge history."), {
                    type: "info",
                });
                return;
            }
            const answer = await this.orm.call("hospitality.match.review", "undo", [last.token]);
            if (!answer.done) {
                this.notification.add(answer.refusal, { type: "danger", sticky: true });
                return;
            }
            const { kept = [], asked = [] } = answer.report || {};
            const left = kept.length + asked.length;
            this.notification.add(
                left
                    ? _t("%(guest)s: taken back. Stays as it is now: %(count)s", { guest: last.name, count: left })
                    : _t("%s: taken back.", last.name),
                { type: "success" }
            );
            await this.queue.reload();
        });
    }
}
