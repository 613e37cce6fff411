import { useExternalListener } from "@odoo/owl";

const SWIPE_PX = 90;
const TYPING = "input, textarea, select, [contenteditable=true], .modal, .o-dropdown--menu";

/**
 * Single keys of a screen, while nobody types and no dialog is open.
 *
 * @param {() => Object<string, Function>} getKeys functions by key, letters in lower case
 */
export function useKeys(getKeys) {
    useExternalListener(window, "keydown", (ev) => {
        const elsewhere = ev.target.closest?.(TYPING) || document.querySelector(".o_dialog");
        if (elsewhere || ev.ctrlKey || ev.metaKey || ev.altKey || ev.repeat) {
            return;
        }
        const handler = getKeys()[ev.key.length === 1 ? ev.key.toLowerCase() : ev.key];
        if (handler) {
            ev.preventDefault();
            handler();
        }
    });
}

/**
 * A swipe to either side, told from scrolling.
 *
 * @param {Function} onSwipe
 * @param {string} scrolling selector of what scrolls sideways itself
 * @returns {{ start: Function, end: Function }} handlers of touchstart and touchend
 */
export function useSwipe(onSwipe, scrolling) {
    let touch = null;
    return {
        start(ev) {
            const [{ clientX: x, clientY: y }] = ev.touches;
            touch = ev.target.closest(scrolling) ? null : { x, y };
        },
        end(ev) {
            const [{ clientX, clientY }] = ev.changedTouches;
            const width = touch ? Math.abs(clientX - touch.x) : 0;
            if (width > SWIPE_PX && width > 2 * Math.abs(clientY - touch.y)) {
                onSwipe();
            }
            touch = null;
        },
    };
}
