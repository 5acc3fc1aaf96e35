/** Stands for Home Assistant's own program, which the card waits for. */
customElements.define("home-assistant", class extends HTMLElement {});
