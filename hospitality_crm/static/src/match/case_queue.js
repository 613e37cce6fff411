import { browser } from "@web/core/browser/browser";

const AHEAD = 5;
const RUN_POLL_MS = 5000;

/** What is chosen of a case before anything is. */
export const newCase = () => ({
    choices: {},
    left: {},
    winner: false,
    pair: 0,
    cursor: "",
    refusal: "",
    kind: "household",
});

/**
 * The cases that are on the screen and loaded ahead of it, and the numbers around them.
 */
export class CaseQueue {
    /**
     * @param {Object} state reactive state of the screen, with `cases`, `status`, `filters`, `sending`
     * @param {Object} services
     * @param {Object} services.orm
     * @param {Mutex} services.mutex in which decisions are sent
     * @param {() => void} services.onNextCase another case comes to the screen
     */
    constructor(state, { orm, mutex, onNextCase }) {
        this.state = state;
        this.orm = orm;
        this.mutex = mutex;
        this.onNextCase = onNextCase;
        // Cases that were decided here and not yet on the server.
        this.inFlight = new Set();
        this.decisions = 0;
        // Guests of skipped cases, while it is skipped cases that are shown.
        this.passed = [];
    }

    get params() {
        return { filters: { ...this.state.filters } };
    }

    async reload() {
        const ticket = (this.ticket = Symbol("reload"));
        this.state.cases = [];
        this.state.exhausted = false;
        this.passed = [];
        this.resetCase();
        const [status] = await Promise.all([this.fetchStatus(), this.refill(ticket)]);
        if (ticket === this.ticket) {
            this.setStatus(status);
        }
    }

    /** Ask for the numbers; ``null`` when a decision of this screen may be missing in them. */
    async fetchStatus() {
        const decisions = this.decisions;
        const settled = !this.state.sending;
        const status = await this.orm.silent.call("hospitality.match.review", "get_status", [], this.params);
        if (!this.state.status || (settled && decisions === this.decisions)) {
            return status;
        }
        // The numbers on the screen count that decision already: ask again when it is saved.
        this.mutex.exec(() => this.refreshStatus());
        return null;
    }

    setStatus(status) {
        if (!status) {
            return;
        }
        this.state.status = status;
        browser.clearTimeout(this.poll);
        if (status.run && status.run.state === "running") {
            this.poll = browser.setTimeout(() => this.followRun(), RUN_POLL_MS);
        }
    }

    async followRun() {
        const status = await this.fetchStatus();
        this.setStatus(status || this.state.status);
        if (!this.state.cases.length && this.state.status.left) {
            this.state.exhausted = false;
            await this.refill();
        }
    }

    async refreshStatus() {
        this.setStatus(await this.fetchStatus());
    }

    /** Load cases ahead, so that the next one is there when this one is decided. */
    async refill(ticket = this.ticket) {
        if (this.state.loading === ticket || this.state.exhausted) {
            return;
        }
        this.state.loading = ticket;
        try {
            const shown = [...this.state.cases, ...this.inFlight];
            const known = shown.flatMap((item) => item.guests.map((guest) => guest.id));
            const { cases } = await this.orm.silent.call("hospitality.match.review", "get_queue", [], {
                ...this.params,
                skip_ids: [...known, ...this.passed],
                limit: AHEAD,
            });
            if (ticket !== this.ticket) {
                return;
            }
            const keys = new Set([...this.state.cases, ...this.inFlight].map((item) => item.key));
            const fresh = cases.filter((item) => !keys.has(item.key));
            this.state.exhausted = !fresh.length;
            this.state.cases.push(...fresh);
        } finally {
            if (this.state.loading === ticket) {
                this.state.loading = false;
            }
        }
    }

    resetCase() {
        Object.assign(this.state, newCase());
        this.onNextCase();
    }

    stop() {
        browser.clearTimeout(this.poll);
    }
}
