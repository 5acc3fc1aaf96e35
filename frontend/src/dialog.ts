/** A modal dialog of the browser's own: it keeps the focus inside and closes with Escape. */
import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { errorText } from "./api";
import type { I18n } from "./i18n";
import type { Hass } from "./types";

/** Tells the card that codes have changed. */
export const CHANGED = "igloohome-access-changed";

export abstract class CardDialog extends LitElement {
  declare hass: Hass;
  declare i18n: I18n;
  declare protected opened: boolean;
  declare protected busy: boolean;
  declare protected error: string;

  static override properties = {
    hass: { attribute: false },
    i18n: { attribute: false },
    opened: { state: true },
    busy: { state: true },
    error: { state: true },
  };

  /** What had the focus, and gets it back. */
  private origin: HTMLElement | null = null;

  constructor() {
    super();
    this.opened = false;
    this.busy = false;
    this.error = "";
  }

  protected begin(): void {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    this.origin = focused as HTMLElement | null;
    this.busy = false;
    this.error = "";
    this.opened = true;
  }

  close = (): void => {
    this.renderRoot.querySelector("dialog")?.close();
  };

  protected closed(): void {
    this.opened = false;
    // With a code that was removed its button is gone.
    const card = this.getRootNode() as ShadowRoot;
    const next = this.origin?.isConnected ? this.origin : card.querySelector("button");
    next?.focus();
    this.origin = null;
  }

  protected changed(): void {
    this.dispatchEvent(new CustomEvent(CHANGED, { bubbles: true, composed: true }));
  }

  protected async fail(error: unknown): Promise<void> {
    this.error = await errorText(this.hass, error, this.i18n);
  }

  protected override updated(changes: PropertyValues): void {
    if (!changes.has("opened") || !this.opened) return;
    const dialog = this.renderRoot.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
  }

  /** Put a heading and a way out around what a dialog is about. */
  protected frame(
    title: string,
    body: TemplateResult,
    foot: TemplateResult,
    told: TemplateResult | typeof nothing = nothing,
  ): TemplateResult {
    return html`<dialog aria-labelledby="title" @close=${this.closed} @click=${this.outside}>
      <div class="head">
        <button
          class="icon-button"
          data-testid="close"
          aria-label=${this.i18n.t("new.close")}
          @click=${this.close}
        >
          <ha-icon icon="mdi:close"></ha-icon>
        </button>
        <h2 id="title" tabindex="-1" autofocus>${title}</h2>
      </div>
      <div class="body" tabindex="0">
        ${body}
      </div>
      <div class="told">
        ${told}
        <div role="alert">
          ${this.error &&
          html`<div class="alert error" data-testid="error">
            <ha-icon icon="mdi:alert-circle-outline"></ha-icon><span>${this.error}</span>
          </div>`}
        </div>
      </div>
      <div class="foot">${foot}</div>
    </dialog>`;
  }

  private outside(event: MouseEvent): void {
    // Only the backdrop belongs to the dialog element itself.
    if (event.target === event.currentTarget && !this.busy) this.close();
  }
}
