/** The fields of "New code". */
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import {
  DAYS,
  DEFAULT_HOURS,
  HOURS,
  ONLINE_HOURS,
  fieldValue,
  nextHour,
  type Draft,
  type Length,
} from "./draft";
import type { I18n } from "./i18n";
import type { Kind, Lock } from "./types";

export interface FormParts {
  i18n: I18n;
  draft: Draft;
  kinds: Kind[];
  locks: Lock[];
  /** Whether all locks are to be seen although one is chosen. */
  allLocks: boolean;
  disabled: boolean;
  now: number;
  change: (part: Partial<Draft>) => void;
  showLocks: () => void;
}

/** Up to so many locks stay in sight when one is chosen. */
const FEW_LOCKS = 4;

const KIND_ICONS: Record<Kind, string> = {
  hourly: "mdi:clock-outline",
  daily: "mdi:calendar-range",
  one_time: "mdi:numeric-1-circle-outline",
  permanent: "mdi:infinity",
  online: "mdi:cloud-lock-outline",
};

interface Choice {
  value: string;
  label: string;
  icon?: string;
  checked: boolean;
  pick: () => void;
}

function choices(
  name: string,
  legend: string,
  list: Choice[],
  many = false,
  more: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  return html`<legend>${legend}</legend>
    <div class="chips">
      ${repeat(
        list,
        (choice) => choice.value,
        (choice) => html`<label class="chip">
          <input
            type=${many ? "checkbox" : "radio"}
            name=${name}
            value=${choice.value}
            data-testid="${name}-${choice.value}"
            .checked=${choice.checked}
            @change=${choice.pick}
          />
          ${choice.icon ? html`<ha-icon icon=${choice.icon}></ha-icon>` : nothing}${choice.label}
        </label>`,
      )}
      ${more}
    </div>`;
}

function moment(
  label: string,
  name: string,
  value: string,
  set: (value: string) => void,
): TemplateResult {
  return html`<label class="field"
    ><span>${label}</span
    ><input
      type="datetime-local"
      data-testid=${name}
      required
      .value=${value}
      @input=${(event: Event) => set((event.target as HTMLInputElement).value)}
  /></label>`;
}

function renderLocks(parts: FormParts): TemplateResult {
  const { i18n, draft, locks, change } = parts;
  const isChosen = (lock: Lock): boolean => draft.locks.includes(lock.deviceId);
  const all = parts.allLocks || locks.length <= FEW_LOCKS || draft.locks.length === 0;
  const list = (all ? locks : locks.filter(isChosen)).map((lock) => ({
    value: lock.deviceId,
    label: lock.name,
    icon: isChosen(lock) ? "mdi:check" : "mdi:lock-outline",
    checked: isChosen(lock),
    pick: () =>
      change({
        locks: isChosen(lock)
          ? draft.locks.filter((id) => id !== lock.deviceId)
          : [...draft.locks, lock.deviceId],
      }),
  }));
  const more = html`<button
    type="button"
    class="chip"
    data-testid="all-locks"
    @click=${parts.showLocks}
  >
    ${i18n.t("new.more_locks")}
  </button>`;
  return html`<fieldset>
    ${choices("lock", i18n.t("new.lock"), list, true, all ? nothing : more)}
  </fieldset>`;
}

function renderKinds({ i18n, draft, kinds, change }: FormParts): TemplateResult {
  if (kinds.length === 0) return html`<p class="hint">${i18n.t("new.no_kind")}</p>`;
  return html`<fieldset>
    ${choices(
      "kind",
      i18n.t("new.kind"),
      kinds.map((kind) => ({
        value: kind,
        label: i18n.t(`kind.${kind}`),
        icon: KIND_ICONS[kind],
        checked: draft.kind === kind,
        pick: () => change({ kind, length: DEFAULT_HOURS }),
      })),
    )}
    <p class="hint" aria-live="polite">${i18n.t(`kind.${draft.kind}.hint`)}</p>
  </fieldset>`;
}

function renderName({ i18n, draft, change }: FormParts): TemplateResult {
  return html`<fieldset>
    <label class="field"
      ><span>${i18n.t("new.name")}</span
      ><input
        type="text"
        maxlength="60"
        required
        autocomplete="off"
        data-testid="name"
        .value=${draft.name}
        @focus=${(event: Event) => (event.target as HTMLInputElement).select()}
        @input=${(event: Event) => change({ name: (event.target as HTMLInputElement).value })}
    /></label>
  </fieldset>`;
}

function zoneOf({ locks, draft }: FormParts): string | null {
  return locks.find((lock) => draft.locks.includes(lock.deviceId))?.timeZone ?? null;
}

function renderStart(parts: FormParts): TemplateResult {
  const { i18n, draft, now, change } = parts;
  const later = draft.startAt !== "";
  return html`<fieldset>
    ${choices("start", i18n.t("new.start"), [
      {
        value: "now",
        label: i18n.t("new.now"),
        checked: !later,
        pick: () => change({ startAt: "" }),
      },
      {
        value: "later",
        label: i18n.t("new.later"),
        checked: later,
        pick: () => change({ startAt: fieldValue(nextHour(now), zoneOf(parts)) }),
      },
    ])}
    ${later
      ? moment(i18n.t("new.start_at"), "start-at", draft.startAt, (startAt) => {
          // An emptied field is not "now".
          if (startAt !== "") change({ startAt });
        })
      : nothing}
  </fieldset>`;
}

function renderLength(parts: FormParts): TemplateResult {
  const { i18n, draft, now, change } = parts;
  const online = draft.kind === "online";
  const hours = (count: number): string =>
    count > 24 ? i18n.n("new.days", count / 24) : i18n.n("new.hours", count);
  const choice = (length: Length, label: string): Choice => ({
    value: String(length),
    label,
    checked: draft.length === length,
    pick: () =>
      change({
        length,
        ...(length === "until"
          ? { endAt: fieldValue(nextHour(now, DEFAULT_HOURS), zoneOf(parts)) }
          : {}),
      }),
  });
  return html`<fieldset>
    ${choices("length", i18n.t("new.length"), [
      ...(online ? ONLINE_HOURS : HOURS).map((count) => choice(count, hours(count))),
      choice("until", i18n.t("new.until")),
      ...(online ? [choice("endless", i18n.t("new.no_end"))] : []),
    ])}
    ${draft.length === "until"
      ? moment(i18n.t("new.end_at"), "end-at", draft.endAt, (endAt) => change({ endAt }))
      : nothing}
  </fieldset>`;
}

function renderDays({ i18n, draft, change }: FormParts): TemplateResult {
  return html`<fieldset>
    ${choices("days", i18n.t("new.length"), [
      ...DAYS.map((days) => ({
        value: String(days),
        label: i18n.n("new.days", days),
        checked: !draft.daysTyped && draft.days === days,
        pick: () => change({ days, daysTyped: false }),
      })),
      {
        value: "other",
        label: i18n.t("new.other"),
        checked: draft.daysTyped,
        pick: () => change({ daysTyped: true }),
      },
    ])}
    ${!draft.daysTyped
      ? nothing
      : html`<label class="field"
          ><span>${i18n.t("new.number_of_days")}</span
          ><input
            type="number"
            min="29"
            max="367"
            step="1"
            inputmode="numeric"
            data-testid="number-of-days"
            .value=${String(Number.isNaN(draft.days) ? "" : draft.days)}
            @input=${(event: Event) =>
              change({ days: (event.target as HTMLInputElement).valueAsNumber })}
        /></label>`}
  </fieldset>`;
}

function renderPin({ i18n, draft, change }: FormParts): TemplateResult {
  return html`<fieldset>
    <label class="field"
      ><span>${i18n.t("new.own_pin")}</span
      ><input
        type="text"
        inputmode="numeric"
        pattern="[0-9]*"
        maxlength="16"
        autocomplete="off"
        data-testid="own-pin"
        aria-describedby="pin-hint"
        .value=${draft.pin}
        @input=${(event: Event) => {
          const field = event.target as HTMLInputElement;
          field.value = field.value.replace(/\D/g, "");
          change({ pin: field.value });
        }}
    /></label>
    <p class="hint" id="pin-hint">${i18n.t("new.own_pin_hint")}</p>
  </fieldset>`;
}

export function renderForm(parts: FormParts): TemplateResult {
  const { draft, locks, disabled } = parts;
  const { kind } = draft;
  return html`<fieldset ?disabled=${disabled}>
    ${locks.length > 1 ? renderLocks(parts) : nothing} ${renderKinds(parts)}
    ${kind === "daily" ? renderDays(parts) : nothing}
    ${kind === "hourly" || kind === "online" ? renderLength(parts) : nothing}
    ${renderStart(parts)} ${renderName(parts)} ${kind === "online" ? renderPin(parts) : nothing}
  </fieldset>`;
}
