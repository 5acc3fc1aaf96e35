/**
 * Waits for Home Assistant's own program; the first thing main.ts imports.
 *
 * Pages load this module beside it, and it is small enough to be there first. But Home
 * Assistant puts a registry of its own in place of the browser's list of elements, and
 * elements that were defined (or only derived from `HTMLElement`) before are lost to it.
 */
await customElements.whenDefined("home-assistant");

export {};
