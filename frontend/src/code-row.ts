/** One code in the list: what it is at a glance, and everything else when asked. */
import { LitElement, html, nothing, type TemplateResult } from "lit";
import { codeRowStyles } from "./code-row-styles";
import type { I18n, Key } from "./i18n";
import { shared } from "./styles";
import { isEnded, timeline, type Timeline } from "./timeline";
import type { Code, Hass, Status } from "./types";

/** Asks the card to delete or forget a code. */
export const REMOVE = "igloohome-access-remove";

const ICONS: Record<Status, string> = {
  requested: "mdi:help-circle-outline",
  waiting_for_pin: "mdi:timer-sand",
  scheduled: "mdi:calendar-clock",
  setting: "mdi:cloud-upload-outline",
  active: "mdi:lock-open-variant-outline",
  unconfirmed: "mdi:lock-question",
  used: "mdi:check",
  expired: "mdi:lock-clock",
  superseded: "mdi:swap-horizontal",
  removing: "mdi:delete-clock-outline",
  failed: "mdi:alert-circle-outline",
};

const TONES: Partial<Record<Status, string>> = {
  active: "good",
  unconfirmed: "warn",
  superseded: "warn",
  requested: "warn",
  failed: "bad",
  used: "off",
  expired: "off",
};

const ORIGIN_ICONS = {
  action: null,
  booking: "mdi:calendar-account-outline",
  elsewhere: "mdi:cellphone-key",
} as const;

/** Return whether the action `delete_code` can do anything about a code. */
export function isRemovable(code: Code): boolean {
  return code.origin !== "elsewhere" || (code.kind === "online" && !isEnded(code));
}

/** Return whether removing means to delete from the lock, not only from the list. */
export function isDeletable(code: Code): boolean {
  return code.kind === "online" && !isEnded(code);
}

/** Return the window of a code in a few words. */
export function windowText(code: Code, i18n: I18n, now: number): string {
  const { startsAt: start, endsAt: end } = code;
  const { clock } = i18n;
  if (start && end) return clock.window(start, end, now);
  if (start) return i18n.t("code.from", { start: clock.full(start, now) });
  if (end) return i18n.t("code.until", { end: clock.full(end, now) });
  return i18n.t("code.always");
}

export class CodeRow extends LitElement {
  declare hass: Hass;
  declare i18n: I18n;
  declare code: Code;
  declare now: number;
  declare admin: boolean;
  declare private open: boolean;

  static override properties = {
    hass: { attribute: false },
    i18n: { attribute: false },
    code: { attribute: false },
    now: { attribute: false },
    admin: { type: Boolean },
    open: { state: true },
  };

  constructor() {
    super();
    this.open = false;
  }

  private readonly toggle = (): void => {
    this.open = !this.open;
  };

  private readonly askToRemove = (): void => {
    const detail = this.code;
    this.dispatchEvent(new CustomEvent(REMOVE, { detail, bubbles: true, composed: true }));
  };

  protected override render(): TemplateResult {
    const { code, i18n } = this;
    const tone = TONES[code.status] ?? "plain";
    const line = timeline(code, this.now);
    const source = ORIGIN_ICONS[code.origin];
    return html`<div class="code ${tone}" data-testid="code" data-status=${code.status}>
      <button
        class="row"
        data-testid="code-toggle"
        aria-expanded=${this.open}
        aria-controls="details"
        @click=${this.toggle}
      >
        <span class="badge"><ha-icon icon=${ICONS[code.status]}></ha-icon></span>
        <span class="main">
          <span class="first">
            <span class="name">${code.name}</span>
            ${source
              ? html`<ha-icon class="source" icon=${source} aria-hidden="true"></ha-icon>
                  <span class="sr">${i18n.t(`origin.${code.origin}`)}</span>`
              : nothing}
            <span class="status" data-testid="status">${i18n.t(`status.${code.status}`)}</span>
          </span>
          ${this.renderBar(line)}
          <span class="second">
            <span data-testid="window">${windowText(code, i18n, this.now)}</span>
            <span class="when">${this.whenText(line)}</span>
          </span>
          ${this.renderDeadline(line)}
        </span>
        <ha-icon class="chevron" icon="mdi:chevron-down"></ha-icon>
      </button>
      <div id="details" ?hidden=${!this.open}>${this.open ? this.renderDetails() : nothing}</div>
    </div>`;
  }

  private renderBar(line: Timeline): TemplateResult {
    const passed = Math.round(line.passed);
    const label = line.endless ? "" : this.i18n.t("code.timeline", { passed });
    return html`<span class="bar ${line.phase} ${line.endless ? "endless" : ""}">
      <span class="passed" style="width:${line.passed}%"></span>
      ${line.phase === "running"
        ? html`<span class="now" style="inset-inline-start:${line.passed}%"></span>`
        : nothing}
      ${line.deadline === null
        ? nothing
        : html`<span class="due" style="inset-inline-start:${line.deadline}%"></span>`}
      ${label && line.phase === "running" ? html`<span class="sr">${label}</span>` : nothing}
    </span>`;
  }

  private whenText(line: Timeline): string {
    const { code, i18n, now } = this;
    const said = (key: Key, iso: string): string =>
      i18n.t(key, { when: i18n.clock.away(iso, now) });
    if (line.phase === "before" && code.startsAt) return said("code.starts", code.startsAt);
    if (line.endless) return code.startsAt === null ? "" : i18n.t("code.endless");
    if (line.phase === "running" && code.endsAt) return said("code.ends", code.endsAt);
    if (code.status === "expired" && code.endsAt && Date.parse(code.endsAt) <= now) {
      return said("code.ended", code.endsAt);
    }
    return "";
  }

  private renderDeadline(line: Timeline): TemplateResult | typeof nothing {
    const { code, i18n, now } = this;
    const due = code.firstUseBy;
    const open = line.phase === "before" || line.phase === "running";
    if (due === null || !open || Date.parse(due) <= now) return nothing;
    return html`<span class="deadline" data-testid="first-use">
      <ha-icon icon="mdi:flag-outline"></ha-icon>
      ${i18n.t("code.first_use_short", { when: i18n.clock.full(due, now) })}
    </span>`;
  }

  private renderDetails(): TemplateResult {
    const { code, i18n } = this;
    const { clock } = i18n;
    const from = code.startsAt && clock.dated(code.startsAt);
    const to = code.endsAt
      ? clock.datedEnd(code.startsAt ?? "", code.endsAt)
      : i18n.t("code.endless");
    const facts: [Key, string | null][] = [
      ["code.kind", i18n.t(`kind.${code.kind}`)],
      ["code.window", from ? `${from} – ${to}` : to],
      ["code.first_use", code.firstUseBy && clock.dated(code.firstUseBy)],
      ["code.source", i18n.t(`origin.${code.origin}`)],
      ["code.lock", code.lock],
    ];
    return html`<div
      class="details"
      data-testid="details"
      role="group"
      aria-label=${i18n.t("code.details", { name: code.name })}
    >
      <p>${i18n.t(`status.${code.status}.long`)}</p>
      ${code.notices.map(
        (notice) => html`<div class="alert warning">
          <ha-icon icon="mdi:alert-outline"></ha-icon><span>${notice}</span>
        </div>`,
      )}
      <dl>
        ${facts.map(([key, value]) =>
          value ? html`<dt>${i18n.t(key)}</dt><dd>${value}</dd>` : nothing,
        )}
      </dl>
      ${this.admin ? this.renderActions() : nothing}
    </div>`;
  }

  private renderActions(): TemplateResult {
    const { code, i18n } = this;
    return html`<div class="actions">
      ${code.status === "failed"
        ? nothing
        : html`<igloohome-access-pin
            .hass=${this.hass}
            .i18n=${i18n}
            .code=${code}
          ></igloohome-access-pin>`}
      ${isRemovable(code)
        ? html`<button class="button plain" data-testid="remove" @click=${this.askToRemove}>
            <ha-icon
              icon=${isDeletable(code) ? "mdi:delete-outline" : "mdi:playlist-remove"}
            ></ha-icon>
            ${i18n.t(isDeletable(code) ? "remove.delete" : "remove.forget")}
          </button>`
        : nothing}
    </div>`;
  }

  static override styles = [shared, codeRowStyles];
}
