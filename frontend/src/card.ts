/** The card: the codes of one lock or of all, and the way to new ones. */
import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { errorText, fetchOverview, type Overview } from "./api";
import { cardStyles } from "./card-styles";
import { REMOVE } from "./code-row";
import { CHANGED } from "./dialog";
import { i18nFor, loadLanguage, type I18n } from "./i18n";
import {
  codeSensors,
  codesFromSensors,
  group,
  locksFromSensors,
  searched,
  wantedDevices,
  type Group,
} from "./model";
import type { NewCodeDialog } from "./new-code-dialog";
import type { RemoveDialog } from "./remove-dialog";
import { shared } from "./styles";
import { isOtherClock } from "./time";
import type { CardConfig, Code, Hass, Lock } from "./types";

/** How many codes of a lock are shown at first, and how many more with each tap. */
export const PAGE = 8;
const SEARCH_FROM = 12;
/** Up to so many locks without a code are listed, more are folded away. */
const FEW = 2;
/** States of many sensors change together. */
const SETTLE = 500;
const TICK = 30_000;
/** Stands for accounts, which only administrators know by name. */
const INTEGRATION = "igloohome Access";

/** Return how many codes a lock has of which there is nothing to list. */
function unlisted({ lock, live, ended }: Group): number {
  return live.length + ended.length > 0 ? 0 : lock.live || 0;
}

export class AccessCard extends LitElement {
  declare private _hass: Hass | undefined;
  declare private config: CardConfig | undefined;
  declare private overview: Overview | null;
  declare private error: string;
  declare private now: number;
  declare private search: string;
  declare private shown: Record<string, number>;
  declare private i18n: I18n;
  private sensors: readonly string[] = [];
  private readFrom: Hass["entities"] | undefined;
  private timer = 0;
  private ticker = 0;
  private reading = false;
  private again = false;

  static override properties = {
    _hass: { state: true },
    config: { state: true },
    overview: { state: true },
    error: { state: true },
    now: { state: true },
    search: { state: true },
    shown: { state: true },
    i18n: { state: true },
  };

  constructor() {
    super();
    this.overview = null;
    this.error = "";
    this.now = Date.now();
    this.search = "";
    this.shown = {};
    this.i18n = i18nFor(undefined);
    this.addEventListener(CHANGED, () => this.refresh(0));
    this.addEventListener(REMOVE, (event) => {
      const dialog = this.renderRoot.querySelector<RemoveDialog>("igloohome-access-remove");
      dialog?.show((event as CustomEvent<Code>).detail);
    });
  }

  setConfig(config: CardConfig): void {
    this.config = config;
  }

  static getStubConfig(): Omit<CardConfig, "type"> {
    return {};
  }

  static getConfigElement(): HTMLElement {
    return document.createElement("igloohome-access-card-editor");
  }

  getCardSize(): number {
    return 2 + Math.min(PAGE, this.overview?.codes.length ?? 3);
  }

  getGridOptions(): Record<string, number | string> {
    return { columns: 12, min_columns: 6, rows: "auto" };
  }

  get hass(): Hass | undefined {
    return this._hass;
  }

  set hass(hass: Hass) {
    const before = this._hass;
    this._hass = hass;
    if (before?.locale !== hass.locale || before?.language !== hass.language) {
      this.speak(hass);
    }
    const news = this.hasNews(before, hass);
    if (!before) this.refresh(0);
    else if (news) this.refresh(SETTLE);
  }

  private speak(hass: Hass): void {
    this.i18n = i18nFor(hass);
    void loadLanguage(this.i18n.language).then(() => {
      this.i18n = i18nFor(this._hass);
    });
  }

  /** Return whether one of our sensors has changed, or the connection is back. */
  private hasNews(before: Hass | undefined, hass: Hass): boolean {
    if (hass.entities !== this.readFrom) {
      this.readFrom = hass.entities;
      const sensors = codeSensors(hass).map((entry) => entry.entity_id);
      const changed = sensors.join() !== this.sensors.join();
      this.sensors = sensors;
      if (changed) return true;
    }
    if (before?.connected === false && hass.connected !== false) return true;
    return this.sensors.some((id) => before?.states[id] !== hass.states[id]);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.ticker = window.setInterval(this.tick, TICK);
    document.addEventListener("visibilitychange", this.visible);
    if (this._hass && this.overview) this.refresh(0);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.clearInterval(this.ticker);
    window.clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.visible);
  }

  private readonly tick = (): void => {
    this.now = Date.now();
  };

  private readonly visible = (): void => {
    if (document.hidden) return;
    this.tick();
    this.refresh(0);
  };

  private get admin(): boolean {
    return this._hass?.user?.is_admin === true;
  }

  /** Read codes and locks again soon; people who may not ask read the sensors. */
  private refresh(wait: number): void {
    if (!this.admin) {
      this.now = Date.now();
      return;
    }
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.read(), wait);
  }

  private async read(): Promise<void> {
    const hass = this._hass;
    if (!hass) return;
    if (this.reading) {
      this.again = true;
      return;
    }
    this.reading = true;
    try {
      this.overview = await fetchOverview(hass);
      this.error = "";
    } catch (error) {
      this.error = await errorText(hass, error, this.i18n);
    } finally {
      this.reading = false;
      this.now = Date.now();
      if (this.again) {
        this.again = false;
        this.refresh(0);
      }
    }
  }

  private view(hass: Hass): Overview | null {
    if (this.admin) return this.overview;
    const locks = locksFromSensors(hass);
    const notLoaded = locks.some((lock) => Number.isNaN(lock.live)) ? [INTEGRATION] : [];
    return { locks, codes: codesFromSensors(hass), notLoaded };
  }

  private create(locks: Lock[], chosen: Lock | null): void {
    const dialog = this.renderRoot.querySelector<NewCodeDialog>("igloohome-access-new-code");
    dialog?.show(locks, chosen);
  }

  protected override shouldUpdate(changes: PropertyValues): boolean {
    // Home Assistant hands over `hass` with every state of anything that changes.
    if (changes.size > 1 || !changes.has("_hass")) return true;
    const before = changes.get("_hass") as Hass | undefined;
    const hass = this._hass;
    if (!before || !hass) return true;
    return (
      before.user !== hass.user ||
      before.devices !== hass.devices ||
      before.entities !== hass.entities ||
      this.sensors.some((id) => before.states[id] !== hass.states[id])
    );
  }

  protected override render(): TemplateResult | typeof nothing {
    const { _hass: hass, config, i18n } = this;
    if (!hass || !config) return nothing;
    const view = this.view(hass);
    const wanted = wantedDevices(config);
    const groups = view ? group(view.codes, view.locks, wanted) : [];
    const makers = groups.map((each) => each.lock).filter((lock) => lock.kinds.length > 0);
    return html`<ha-card>
      <div class="header">
        <div class="titles">
          <h2>${config.title ?? this.defaultTitle(groups, wanted)}</h2>
          <div class="muted" data-testid="summary">${view ? this.summary(view, groups) : nothing}</div>
        </div>
        ${makers.length > 0
          ? html`<button
              class="button loud"
              data-testid="new-code"
              @click=${() => this.create(makers, makers.length === 1 ? (makers[0] ?? null) : null)}
            >
              <ha-icon icon="mdi:plus"></ha-icon>${i18n.t("card.new")}
            </button>`
          : nothing}
      </div>
      ${this.renderTrouble(view)}
      ${view === null ? this.renderLoading() : this.renderGroups(view, groups, makers, wanted)}
      ${this.admin
        ? html`<igloohome-access-new-code
              .hass=${hass}
              .i18n=${i18n}
              .codes=${view?.codes ?? []}
            ></igloohome-access-new-code>
            <igloohome-access-remove .hass=${hass} .i18n=${i18n}></igloohome-access-remove>`
        : nothing}
    </ha-card>`;
  }

  private defaultTitle(groups: Group[], wanted: string[] | null): string {
    const only = wanted?.length === 1 ? groups[0] : undefined;
    return only ? only.lock.name : this.i18n.t("card.title");
  }

  private summary(view: Overview, groups: Group[]): string {
    const live = groups.reduce((sum, each) => sum + (each.live.length || unlisted(each)), 0);
    if (live > 0) return this.i18n.n("card.live", live);
    // Codes of an account that is not running are not shown, and open all the same.
    return view.notLoaded.length > 0 ? "" : this.i18n.t("card.none");
  }

  private renderLoading(): TemplateResult | typeof nothing {
    if (this.error) return nothing;
    return html`<p class="note" role="status">${this.i18n.t("card.loading")}</p>`;
  }

  private renderTrouble(view: Overview | null): TemplateResult {
    const { i18n } = this;
    return html`<div class="trouble" role="alert">
      ${this.error
        ? html`<div class="alert error" data-testid="card-error">
            <ha-icon icon="mdi:alert-circle-outline"></ha-icon>
            <span
              >${this.error}
              <button class="link" @click=${() => this.refresh(0)}>${i18n.t("card.retry")}</button>
            </span>
          </div>`
        : nothing}
      ${view?.notLoaded.map(
        (account) => html`<div class="alert warning" data-testid="not-loaded">
          <ha-icon icon="mdi:alert-outline"></ha-icon>
          <span>${i18n.t("card.not_loaded", { account })}</span>
        </div>`,
      )}
    </div>`;
  }

  private renderGroups(
    view: Overview,
    groups: Group[],
    makers: Lock[],
    wanted: string[] | null,
  ): TemplateResult | typeof nothing {
    const { i18n, search } = this;
    if (groups.length === 0) {
      // Which locks an account has that is not running is not known; that it is, is told.
      if (view.notLoaded.length > 0) return nothing;
      const key = wanted === null ? "card.no_lock" : "card.lock_unknown";
      return html`<p class="note" data-testid="empty">${i18n.t(key)}</p>`;
    }
    const all = groups.flatMap((each) => [...each.live, ...each.ended]);
    const found = searched(groups, search);
    const several = groups.length > 1;
    const used = found.filter(
      (each) => each.live.length + each.ended.length + unlisted(each) > 0,
    );
    const empty = found.filter((each) => !used.includes(each));
    const otherClock = all.some((code) => {
      const time = code.startsAt ?? code.endsAt;
      return time !== null && isOtherClock(time);
    });
    return html`${all.length >= SEARCH_FROM
        ? html`<div class="search">
            <ha-icon icon="mdi:magnify"></ha-icon>
            <input
              type="search"
              data-testid="search"
              aria-label=${i18n.t("card.search")}
              placeholder=${i18n.t("card.search")}
              .value=${search}
              @input=${(event: Event) => {
                this.search = (event.target as HTMLInputElement).value;
              }}
            />
          </div>`
        : nothing}
      ${found.length === 0
        ? html`<p class="note" role="status">${i18n.t("card.no_match")}</p>`
        : used.map((each) => this.renderGroup(each, several, makers))}
      ${empty.length > FEW && used.length > 0
        ? html`<details data-testid="empty-locks">
            <summary>${i18n.n("card.empty", empty.length)}</summary>
            ${empty.map((each) => this.renderGroup(each, several, makers))}
          </details>`
        : empty.map((each) => this.renderGroup(each, several, makers))}
      ${otherClock
        ? html`<p class="note muted" data-testid="other-clock">${i18n.t("card.other_clock")}</p>`
        : nothing}`;
  }

  private renderGroup(each: Group, several: boolean, makers: Lock[]): TemplateResult {
    const { i18n } = this;
    const { lock, live, ended } = each;
    const heading = html`<div class="lock">
      <ha-icon icon="mdi:lock-outline"></ha-icon>
      <h3>${lock.name}</h3>
      ${lock.kinds.length > 0
        ? html`<button
            class="icon-button"
            data-testid="new-code-for"
            title=${i18n.t("card.new_for", { lock: lock.name })}
            aria-label=${i18n.t("card.new_for", { lock: lock.name })}
            @click=${() => this.create(makers, lock)}
          >
            <ha-icon icon="mdi:plus"></ha-icon>
          </button>`
        : nothing}
    </div>`;
    return html`<section role="group" aria-label=${lock.name} data-testid="lock">
      ${several ? heading : nothing} ${this.renderCodes(live, `live ${lock.deviceId}`)}
      ${several && unlisted(each) > 0
        ? html`<p class="note muted" data-testid="unlisted">${i18n.n("card.live", lock.live)}</p>`
        : nothing}
      ${ended.length > 0 && !this.config?.hide_ended
        ? html`<details data-testid="ended" ?open=${this.search !== ""}>
            <summary>${i18n.n("card.ended", ended.length)}</summary>
            ${this.renderCodes(ended, `ended ${lock.deviceId}`)}
          </details>`
        : nothing}
    </section>`;
  }

  private renderCodes(codes: Code[], key: string): TemplateResult | typeof nothing {
    if (codes.length === 0) return nothing;
    const shown = this.shown[key] ?? PAGE;
    const left = codes.length - shown;
    return html`<ul class="codes">
        ${repeat(
          codes.slice(0, shown),
          (code) => code.id,
          (code) => html`<li>
            <igloohome-access-code
              .hass=${this._hass}
              .i18n=${this.i18n}
              .code=${code}
              .now=${this.now}
              ?admin=${this.admin}
            ></igloohome-access-code>
          </li>`,
        )}
      </ul>
      ${left > 0
        ? html`<button
            class="button plain more"
            data-testid="more"
            @click=${() => {
              this.shown = { ...this.shown, [key]: shown + Math.max(PAGE, shown) };
            }}
          >
            ${this.i18n.n("card.more", Math.min(left, Math.max(PAGE, shown)))}
          </button>`
        : nothing}`;
  }

  static override styles = [shared, cardStyles];
}
