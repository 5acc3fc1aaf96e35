/** "New code": what for, when, what will come of it, and then the PIN. */
import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { createCodes, mayBeDone } from "./api";
import { windowText } from "./code-row";
import { CardDialog } from "./dialog";
import {
  DEFAULT_HOURS,
  actionFields,
  commonKinds,
  isComplete,
  newDraft,
  type Draft,
} from "./draft";
import { codeFromAnswer } from "./model";
import { renderForm } from "./new-code-form";
import { newCodeStyles } from "./new-code-styles";
import { PinPanel } from "./pin-panel";
import { dialogStyles, shared } from "./styles";
import type { Code, CodeAnswer, Lock, Warning } from "./types";

/** How long typing and tapping may go on before the rules are asked again. */
const SETTLE = 300;

/** A code that was made, and its PIN until the panel has it. */
interface Made {
  code: Code;
  pin: string | null;
  error: string;
}

/** How the window differs from what was asked for; it is shown exactly anyhow. */
const ABOUT_ROUNDING = /^(start|end)_/;

/** Return what must be told, each once, what the window shows as well at the end. */
export function warningsOf(answers: CodeAnswer[]): Warning[] {
  const found = new Map<string, Warning>();
  for (const answer of answers) {
    for (const warning of answer.warnings ?? []) found.set(warning.message, warning);
    if (answer.error) {
      const message = `${answer.lock}: ${answer.error.message}`;
      found.set(message, { key: answer.error.key, message });
    }
  }
  const rounding = (warning: Warning): number => (ABOUT_ROUNDING.test(warning.key) ? 1 : 0);
  return [...found.values()].sort((a, b) => rounding(a) - rounding(b));
}

export class NewCodeDialog extends CardDialog {
  /** All codes as they are now, to learn when a PIN has come. */
  declare codes: Code[];
  declare private locks: Lock[];
  declare private draft: Draft;
  declare private preview: CodeAnswer[] | null;
  declare private made: Made[] | null;
  declare private stuck: boolean;
  declare private allLocks: boolean;
  private timer = 0;
  private round = 0;

  static override properties = {
    ...CardDialog.properties,
    codes: { attribute: false },
    locks: { state: true },
    draft: { state: true },
    preview: { state: true },
    made: { state: true },
    stuck: { state: true },
    allLocks: { state: true },
  };

  constructor() {
    super();
    this.codes = [];
    this.reset();
  }

  private reset(): void {
    window.clearTimeout(this.timer);
    this.round += 1;
    this.locks = [];
    this.draft = newDraft("", [], []);
    this.preview = null;
    this.made = null;
    this.stuck = false;
    this.allLocks = false;
  }

  /** Begin; `chosen` is the lock if there is no doubt about it. */
  show(locks: Lock[], chosen: Lock | null): void {
    this.reset();
    this.locks = locks;
    const ids = chosen ? [chosen.deviceId] : [];
    const kinds = commonKinds(chosen ? [chosen] : locks);
    this.draft = newDraft(this.i18n.t("new.name_default"), ids, kinds);
    this.begin();
    this.check(0);
  }

  protected override closed(): void {
    super.closed();
    this.reset();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.clearTimeout(this.timer);
  }

  private get chosen(): Lock[] {
    return this.locks.filter((lock) => this.draft.locks.includes(lock.deviceId));
  }

  readonly change = (part: Partial<Draft>): void => {
    this.draft = { ...this.draft, ...part };
    const kinds = commonKinds(this.chosen);
    if (kinds[0] && !kinds.includes(this.draft.kind)) {
      Object.assign(this.draft, { kind: kinds[0], length: DEFAULT_HOURS });
    }
    const onlyName = Object.keys(part).every((key) => key === "name");
    if (!onlyName || this.preview === null) this.check(SETTLE);
  };

  /** Ask the rules about the draft, once it has settled. */
  private check(wait: number): void {
    window.clearTimeout(this.timer);
    this.round += 1;
    this.preview = null;
    this.error = "";
    this.stuck = false;
    if (isComplete(this.draft) && commonKinds(this.chosen).length > 0) {
      this.timer = window.setTimeout(() => void this.ask(this.round), wait);
    }
  }

  private async ask(round: number): Promise<void> {
    const { draft } = this;
    try {
      const fields = { ...actionFields(draft, Date.now()), dry_run: true };
      const answers = await createCodes(this.hass, draft.kind, fields, this.i18n);
      if (round === this.round) this.preview = answers;
    } catch (error) {
      if (round === this.round) await this.fail(error);
    }
  }

  private readonly create = async (): Promise<void> => {
    const { draft, round } = this;
    this.busy = true;
    this.error = "";
    try {
      const fields = actionFields(draft, Date.now());
      const answers = await createCodes(this.hass, draft.kind, fields, this.i18n);
      this.changed();
      // The dialog may have been closed meanwhile; the code is in the list.
      if (round === this.round) {
        this.made = answers.map((answer) => ({
          code: codeFromAnswer(answer),
          pin: answer.pin ?? null,
          error: answer.error?.message ?? "",
        }));
      }
    } catch (error) {
      this.changed();
      if (round === this.round) {
        // Asking again could make a second code.
        this.stuck = mayBeDone(error);
        if (this.stuck) this.error = this.i18n.t("status.requested.long");
        else await this.fail(error);
      }
    } finally {
      if (round === this.round) this.busy = false;
    }
  };

  protected override willUpdate(changes: PropertyValues): void {
    if (!changes.has("codes") || this.made === null) return;
    // A PIN that was still to come may be there now.
    this.made = this.made.map((made) => {
      const code = this.codes.find((each) => each.id === made.code.id);
      return code && code.status !== made.code.status ? { ...made, code } : made;
    });
  }

  protected override updated(changes: PropertyValues): void {
    super.updated(changes);
    if (!changes.has("made") || this.made === null) return;
    const before = changes.get("made") as Made[] | null;
    const panels = [...this.renderRoot.querySelectorAll<PinPanel>("igloohome-access-pin")];
    for (const panel of panels) {
      const made = this.made.find((each) => each.code.id === panel.code.id);
      if (!made) continue;
      if (made.pin !== null) {
        // With several, the first one; the others when they are asked for.
        if (panel === panels[0]) panel.show(made.pin);
        made.pin = null;
      } else if (before?.some((old) => old.code.id === made.code.id && isWaiting(old.code))) {
        if (!isWaiting(made.code) && panels.length === 1) void panel.reveal();
      }
    }
    if (before === null) this.renderRoot.querySelector<HTMLElement>("h2")?.focus();
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.opened) return nothing;
    if (this.made) return this.renderMade(this.made);
    const { i18n, draft, busy } = this;
    const kinds = commonKinds(this.chosen.length > 0 ? this.chosen : this.locks);
    const form = renderForm({
      i18n,
      draft,
      kinds,
      locks: this.locks,
      allLocks: this.allLocks,
      disabled: busy,
      now: Date.now(),
      change: this.change,
      showLocks: () => {
        this.allLocks = true;
      },
    });
    const label = !busy
      ? "new.create"
      : draft.kind === "online"
        ? "new.creating_online"
        : "new.creating";
    return this.frame(
      i18n.t("new.title"),
      form,
      html`<button class="button plain" data-testid="cancel" @click=${this.close}>
          ${i18n.t(this.stuck ? "new.close" : "new.cancel")}
        </button>
        ${this.stuck
          ? nothing
          : html`<button
              class="button loud"
              data-testid="create"
              ?disabled=${busy || this.preview === null || !isComplete(draft)}
              @click=${this.create}
            >
              ${i18n.t(label)}
            </button>`}`,
      this.renderPreview(),
    );
  }

  private renderPreview(): TemplateResult {
    const { i18n, preview, draft } = this;
    const empty = draft.locks.length === 0;
    const note = empty ? i18n.t("new.choose_lock") : this.error ? "" : i18n.t("new.checking");
    return html`<section
      class="preview"
      role="group"
      aria-live="polite"
      aria-label=${i18n.t("new.preview")}
      data-testid="preview"
    >
      ${preview === null
        ? note && html`<p class="muted">${note}</p>`
        : html`${this.windows(preview).map((line) => html`<p class="window">${line}</p>`)}
            <ul>
              ${warningsOf(preview).map(
                (warning) => html`<li data-warning=${warning.key}>${warning.message}</li>`,
              )}
            </ul>`}
    </section>`;
  }

  /** Return the windows, with the names of the locks where they differ. */
  private windows(answers: CodeAnswer[]): string[] {
    const fine = answers.filter((answer) => !answer.error);
    const texts = fine.map((answer) => windowText(codeFromAnswer(answer), this.i18n, Date.now()));
    if (new Set(texts).size <= 1) return texts.slice(0, 1);
    return texts.map((text, index) => `${fine[index]?.lock}: ${text}`);
  }

  private renderMade(all: Made[]): TemplateResult {
    const { i18n } = this;
    const title = all.some(({ code, error }) => error || code.status === "failed")
      ? i18n.t("new.partly")
      : all.some(({ code }) => code.status === "setting")
        ? i18n.t("status.setting")
        : i18n.n("new.done", all.length);
    const body = html`${all.map(
      (made) => html`<section class="made" data-testid="made">
        <h3>${made.code.lock} · ${made.code.name}</h3>
        ${made.error
          ? html`<div class="alert error">
              <ha-icon icon="mdi:alert-circle-outline"></ha-icon><span>${made.error}</span>
            </div>`
          : html`<p class="muted">${windowText(made.code, i18n, Date.now())}</p>
              ${works(made.code)
                ? nothing
                : html`<div class="alert" role="status" data-testid="waiting">
                    <ha-icon icon="mdi:timer-sand"></ha-icon>
                    <span>${i18n.t(`status.${made.code.status}.long`)}</span>
                  </div>`}
              ${isWaiting(made.code) || made.code.status === "failed"
                ? nothing
                : html`<igloohome-access-pin
                    message
                    .hass=${this.hass}
                    .i18n=${i18n}
                    .code=${made.code}
                  ></igloohome-access-pin>`}`}
      </section>`,
    )}`;
    return this.frame(
      title,
      body,
      html`<button class="button loud" data-testid="done" @click=${this.close}>
        ${i18n.t("new.finish")}
      </button>`,
    );
  }

  static override styles = [shared, dialogStyles, newCodeStyles];
}

/** Return whether nothing is in the way of a code, as far as anybody knows. */
function works({ status }: Code): boolean {
  return status === "active" || status === "scheduled";
}

function isWaiting(code: Code): boolean {
  return code.status === "waiting_for_pin" || code.status === "requested";
}
