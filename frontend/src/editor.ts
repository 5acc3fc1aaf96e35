/** The visual editor: Home Assistant's own form, with our locks to choose from. */
import { LitElement, html, nothing, type TemplateResult } from "lit";
import { i18nFor, loadLanguage, type I18n, type Key } from "./i18n";
import { locksFromSensors, wantedDevices } from "./model";
import type { CardConfig, Hass } from "./types";

interface FormField {
  name: string;
  selector: Record<string, unknown>;
}

export class CardEditor extends LitElement {
  declare private _hass: Hass | undefined;
  declare private config: CardConfig | undefined;
  declare private i18n: I18n;

  static override properties = {
    _hass: { state: true },
    config: { state: true },
    i18n: { state: true },
  };

  constructor() {
    super();
    this.i18n = i18nFor(undefined);
  }

  setConfig(config: CardConfig): void {
    this.config = config;
  }

  set hass(hass: Hass) {
    const first = this._hass === undefined;
    this._hass = hass;
    if (!first) return;
    this.i18n = i18nFor(hass);
    void loadLanguage(this.i18n.language).then(() => {
      this.i18n = i18nFor(this._hass);
    });
  }

  private schema(hass: Hass, chosen: string[]): FormField[] {
    const locks = locksFromSensors(hass).map((lock) => ({
      value: lock.deviceId,
      label: lock.name,
    }));
    // A lock that is gone stays visible, so that it can be taken out.
    for (const id of chosen) {
      if (!locks.some((lock) => lock.value === id)) locks.push({ value: id, label: id });
    }
    return [
      { name: "device_id", selector: { select: { multiple: true, options: locks } } },
      { name: "title", selector: { text: {} } },
      { name: "hide_ended", selector: { boolean: {} } },
    ];
  }

  private readonly label = (field: FormField): string =>
    this.i18n.t(`editor.${field.name}` as Key);

  private readonly helper = (field: FormField): string =>
    field.name === "device_id" ? this.i18n.t("editor.device_id_hint") : "";

  private readonly changed = (event: CustomEvent<{ value: CardConfig }>): void => {
    event.stopPropagation();
    const config: CardConfig = { ...event.detail.value };
    if (wantedDevices(config) === null) delete config.device_id;
    if (!config.title) delete config.title;
    if (!config.hide_ended) delete config.hide_ended;
    this.dispatchEvent(
      new CustomEvent("config-changed", { detail: { config }, bubbles: true, composed: true }),
    );
  };

  protected override render(): TemplateResult | typeof nothing {
    const { _hass: hass, config } = this;
    if (!hass || !config) return nothing;
    const chosen = wantedDevices(config) ?? [];
    return html`<ha-form
      .hass=${hass}
      .data=${{ ...config, device_id: chosen }}
      .schema=${this.schema(hass, chosen)}
      .computeLabel=${this.label}
      .computeHelper=${this.helper}
      @value-changed=${this.changed}
    ></ha-form>`;
  }
}
