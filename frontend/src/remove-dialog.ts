/** Delete or forget a code, after saying what that means at the door. */
import { html, nothing, type TemplateResult } from "lit";
import { removeCode } from "./api";
import { isDeletable } from "./code-row";
import { CardDialog } from "./dialog";
import type { Key } from "./i18n";
import { dialogStyles, shared } from "./styles";
import { isEnded } from "./timeline";
import type { Code, RemovalAnswer } from "./types";

/** Return the text that says what a removal has led to. */
export function outcomeKey(answer: RemovalAnswer, deleted: boolean): Key {
  if (!answer.still_opens) return "remove.done_gone";
  if (deleted) return "remove.done_deleting";
  const until = answer.still_opens_until !== null;
  if (answer.certain) return until ? "remove.done_opens_until" : "remove.done_opens";
  return until ? "remove.done_may_open_until" : "remove.done_may_open";
}

export class RemoveDialog extends CardDialog {
  declare private code: Code | null;
  declare private done: string;

  static override properties = {
    ...CardDialog.properties,
    code: { state: true },
    done: { state: true },
  };

  constructor() {
    super();
    this.code = null;
    this.done = "";
  }

  show(code: Code): void {
    this.code = code;
    this.done = "";
    this.begin();
  }

  protected override closed(): void {
    super.closed();
    this.code = null;
  }

  private async takeOff(code: Code, forget: boolean): Promise<void> {
    this.busy = true;
    this.error = "";
    try {
      const answer = await removeCode(this.hass, code.id, forget);
      const until = answer.still_opens_until;
      this.done = this.i18n.t(outcomeKey(answer, isDeletable(code) && !forget), {
        name: code.name,
        lock: code.lock,
        end: until === null ? "" : this.i18n.clock.full(until, Date.now()),
      });
      this.changed();
    } catch (error) {
      await this.fail(error);
    } finally {
      this.busy = false;
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const { code, i18n } = this;
    if (!this.opened || code === null) return nothing;
    const deletable = isDeletable(code);
    const { name } = code;
    const title = i18n.t(deletable ? "remove.delete_title" : "remove.forget_title", { name });
    const body = html`<div role="status">
        ${this.done &&
        html`<div class="alert success" data-testid="removed">
          <ha-icon icon="mdi:check-circle-outline"></ha-icon><span>${this.done}</span>
        </div>`}
      </div>
      ${this.done ? nothing : this.renderMeaning(code)}`;
    return this.frame(title, body, this.done ? this.renderDone() : this.renderChoice(code));
  }

  private renderMeaning(code: Code): TemplateResult {
    const { i18n } = this;
    const { lock } = code;
    if (isDeletable(code)) return html`<p>${i18n.t("remove.online", { lock })}</p>`;
    if (code.status === "failed") return html`<p>${i18n.t("remove.failed_code")}</p>`;
    if (isEnded(code)) return html`<p>${i18n.t("remove.over", { lock })}</p>`;
    const opens =
      code.endsAt === null
        ? i18n.t("remove.offline_endless", { lock })
        : i18n.t("remove.offline_until", {
            lock,
            end: i18n.clock.full(code.endsAt, Date.now()),
          });
    return html`<div class="alert warning" data-testid="still-opens">
        <ha-icon icon="mdi:lock-open-alert-outline"></ha-icon><span>${opens}</span>
      </div>
      <p>${i18n.t("remove.offline_how")}</p>`;
  }

  private renderDone(): TemplateResult {
    return html`<button class="button loud" @click=${this.close}>
      ${this.i18n.t("new.finish")}
    </button>`;
  }

  private renderChoice(code: Code): TemplateResult {
    const { i18n, busy } = this;
    const deletable = isDeletable(code);
    const stuck = deletable && this.error !== "" && code.origin !== "elsewhere";
    return html`<button class="button plain" ?disabled=${busy} @click=${this.close}>
        ${i18n.t("new.cancel")}
      </button>
      ${stuck
        ? html`<button
            class="button"
            data-testid="forget-anyway"
            ?disabled=${busy}
            @click=${() => this.takeOff(code, true)}
          >
            ${i18n.t("remove.anyway")}
          </button>`
        : nothing}
      <button
        class="button ${deletable ? "danger" : "loud"}"
        data-testid="confirm-remove"
        ?disabled=${busy}
        @click=${() => this.takeOff(code, !deletable)}
      >
        ${i18n.t(busy ? "remove.busy" : deletable ? "remove.delete" : "remove.forget")}
      </button>`;
  }

  static override styles = [shared, dialogStyles];
}
