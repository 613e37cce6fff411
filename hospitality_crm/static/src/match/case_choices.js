/**
 * Whose value is kept in each row of a case, and the cursor over the rows that can be chosen.
 *
 * @param {Object} state reactive, with `choices` (row name -> guest id) and `cursor` (row name)
 * @param {() => Object} getCase the case on the screen
 * @param {Object} rootRef where the rows are shown
 */
export function useChoices(state, getCase, rootRef) {
    const rows = () => getCase().rows.filter((row) => row.choose);
    const underCursor = () => rows().find((row) => row.name === state.cursor);

    /** Keep the value of a guest; once more: let the rules decide again. */
    function choose(name, guestId) {
        if (state.choices[name] === guestId) {
            delete state.choices[name];
        } else {
            state.choices[name] = guestId;
        }
        state.cursor = name;
    }

    /** Go to the next or previous row that differs, round and round. */
    function move(step) {
        const names = rows().map((row) => row.name);
        if (!names.length) {
            return;
        }
        const index = names.indexOf(state.cursor);
        const start = step > 0 ? -1 : 0;
        state.cursor = names[((index < 0 ? start : index) + step + names.length) % names.length];
        rootRef.el?.querySelector(`[data-row="${state.cursor}"]`)?.scrollIntoView({ block: "nearest" });
    }

    /** Choose a column in the row under the cursor; without a cursor in the first that differs. */
    function pick(index) {
        const row = underCursor() || rows()[0];
        const guest = getCase().guests[index];
        if (row && guest && row.cells[index].length) {
            choose(row.name, guest.id);
        }
    }

    /** Choose the next or previous column that has a value in the row under the cursor. */
    function step(direction) {
        const row = underCursor();
        if (!row) {
            return move(1);
        }
        const filled = getCase().guests.filter((_guest, index) => row.cells[index].length);
        const now = filled.findIndex((guest) => guest.id === state.choices[row.name]);
        const start = direction > 0 ? -1 : 0;
        const next = ((now < 0 ? start : now) + direction + filled.length) % filled.length;
        state.choices[row.name] = filled[next].id;
    }

    return { choose, move, pick, step };
}
