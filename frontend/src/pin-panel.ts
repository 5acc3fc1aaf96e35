/** Shows one PIN, large and for half a minute, and hands it on. */
import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { errorText, fetchPin } from "./api";
import { css } from "./css";
import type { I18n, Key } from "./i18n";
import { grouped, spoken } from "./pin";
import { canShare, copy, guestMessage, share } from "./share";
import { shared } from "./styles";
import type { Code, Hass } from "./types";

export const SHOWN_FOR = 30_000;

/** The panel whose PIN is on the screen: there is never more than one. */
let showing: PinPanel | null = null;

export class PinPanel extends LitElement {
  declare hass: Hass;
  declare i18n: I18n;
  declare code: Code;
  /** Show what will be sent to the guest as well. */
  declare message: boolean;
  declare private pin: string | null;
  declare private seen: boolean;
  declare private busy: boolean;
  declare private left: number;
  declare private error: string;
  declare private said: Key | null;
  private until = 0;
  private timer = 0;

  static override properties = {
    hass: { attribute: false },
    i18n: { attribute: false },
    code: { attribute: false },
    message: { type: Boolean },
    pin: { state: true },
    seen: { state: true },
    busy: { state: true },
    left: { state: true },
    error: { state: true },
    said: { state: true },
  };

  constructor() {
    super();
    this.message = false;
    this.pin = null;
    this.seen = false;
    this.busy = false;
    this.left = 0;
    this.error = "";
    this.said = null;
  }

  /** Show a PIN that is known, as the answer of the action that made it. */
  show(pin: string): void {
    if (showing !== this) showing?.hide();
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the one on the screen
    showing = this;
    this.pin = pin;
    this.seen = true;
    this.said = "pin.shown";
    this.until = Date.now() + SHOWN_FOR;
    this.left = SHOWN_FOR / 1000;
    window.clearInterval(this.timer);
    this.timer = window.setInterval(this.tick, 500);
    document.addEventListener("visibilitychange", this.tick);
  }

  readonly hide = (): void => {
    window.clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.tick);
    if (showing === this) showing = null;
    if (this.pin !== null) this.said = "pin.hidden";
    this.pin = null;
  };

  /** Timers stand still while a phone sleeps; the clock does not. */
  private readonly tick = (): void => {
    this.left = Math.max(0, Math.ceil((this.until - Date.now()) / 1000));
    if (this.left === 0) this.hide();
  };

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.hide();
  }

  protected override willUpdate(changes: PropertyValues): void {
    // The element may be given another code while a PIN is shown.
    const before = changes.get("code") as Code | undefined;
    if (before && before.id !== this.code.id) {
      this.hide();
      this.seen = false;
      this.said = null;
    }
  }

  readonly reveal = async (): Promise<void> => {
    const { code } = this;
    this.busy = true;
    this.error = "";
    try {
      const pin = await fetchPin(this.hass, code.id);
      // Nobody may be looking any more.
      if (!this.isConnected || code.id !== this.code.id) return;
      if (pin !== null) this.show(pin);
      else this.error = this.i18n.t(code.origin === "elsewhere" ? "pin.unknown" : "pin.none");
    } catch (error) {
      this.error = await errorText(this.hass, error, this.i18n);
    } finally {
      this.busy = false;
    }
  };

  private async copyText(text: string, done: Key): Promise<void> {
    const copied = await copy(text, this.renderRoot);
    this.said = copied ? done : "pin.copy_failed";
  }

  private readonly copyPin = (): void => {
    if (this.pin !== null) void this.copyText(this.pin, "pin.copied");
  };

  private readonly sendMessage = async (): Promise<void> => {
    if (this.pin === null) return;
    const text = guestMessage(this.code, this.pin, this.i18n);
    if (canShare()) {
      try {
        await share(text);
        return;
      } catch {
        // Copying is what is left.
      }
    }
    await this.copyText(text, "pin.message_copied");
  };

  protected override render(): TemplateResult {
    const { i18n, said, error } = this;
    return html`${this.pin === null ? this.renderHidden() : this.renderShown(this.pin)}
      <div class="said" role="status" data-testid="pin-status">${said ? i18n.t(said) : nothing}</div>
      <div role="alert">${error && html`<div class="alert warning">
        <ha-icon icon="mdi:alert-outline"></ha-icon><span>${error}</span></div>`}</div>`;
  }

  private renderHidden(): TemplateResult {
    return html`<button
      class="button"
      data-testid="show-pin"
      ?disabled=${this.busy}
      @click=${this.reveal}
    >
      <ha-icon icon="mdi:eye-outline"></ha-icon>
      ${this.i18n.t(this.seen ? "pin.again" : "pin.show")}
    </button>`;
  }

  private renderShown(pin: string): TemplateResult {
    const { i18n, said } = this;
    const shareable = canShare();
    const sent = said === "pin.message_copied";
    return html`<div class="panel">
      <div class="digits" data-testid="pin" aria-hidden="true">${grouped(pin)}</div>
      <div class="sr">${i18n.t("pin.is", { name: this.code.name, pin: spoken(pin) })}</div>
      <div class="clock" aria-hidden="true">
        <div style="width:${(this.left * 100_000) / SHOWN_FOR}%"></div>
      </div>
      <div class="muted small" aria-hidden="true">
        ${i18n.t("pin.hides", { seconds: this.left })}
      </div>
      ${this.message
        ? html`<div class="message" data-testid="message">${guestMessage(this.code, pin, i18n)}</div>`
        : nothing}
      <div class="buttons">
        <button class="button" data-testid="copy-pin" @click=${this.copyPin}>
          <ha-icon icon=${said === "pin.copied" ? "mdi:check" : "mdi:content-copy"}></ha-icon>
          ${i18n.t("pin.copy")}
        </button>
        <button class="button" data-testid="share-pin" @click=${this.sendMessage}>
          <ha-icon
            icon=${sent ? "mdi:check" : shareable ? "mdi:share-variant" : "mdi:message-text-outline"}
          ></ha-icon>
          ${i18n.t(shareable ? "pin.share" : "pin.copy_message")}
        </button>
        <button class="button plain" data-testid="hide-pin" @click=${this.hide}>
          <ha-icon icon="mdi:eye-off-outline"></ha-icon>${i18n.t("pin.hide")}
        </button>
      </div>
    </div>`;
  }

  static override styles = [
    shared,
    css`
      :host {
        display: block;
      }
      .panel {
        padding: 16px;
        border-radius: 16px;
        text-align: center;
        background: var(--igl-tint);
      }
      .digits {
        font-size: clamp(32px, 10vw, 44px);
        font-weight: 500;
        line-height: 1.2;
        letter-spacing: 0.06em;
        word-spacing: 0.1em;
        font-variant-numeric: tabular-nums;
        user-select: all;
      }
      .clock {
        height: 3px;
        max-width: 240px;
        margin: 10px auto 4px;
        border-radius: 2px;
        background: var(--igl-track);
        overflow: hidden;
      }
      .clock div {
        height: 100%;
        background: var(--igl-primary);
        transition: width 1s linear;
      }
      .small {
        font-size: 12px;
      }
      .panel .muted {
        color: var(--igl-on-tint);
      }
      .message {
        margin-top: 12px;
        padding: 12px;
        border-radius: 12px;
        text-align: start;
        white-space: pre-line;
        background: var(--igl-surface);
        user-select: text;
      }
      .buttons {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: 8px;
        margin-top: 12px;
      }
      .panel .button:not(.plain) {
        background: var(--igl-surface);
        color: var(--igl-on-tint);
      }
      .said {
        min-height: 20px;
        margin-top: 4px;
        font-size: 12px;
        color: var(--igl-muted);
      }
    `,
  ];
}
