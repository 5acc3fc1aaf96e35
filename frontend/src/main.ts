/** Makes the card known to the browser and to the card picker of Home Assistant. */
import "./ready";
import { AccessCard } from "./card";
import { CodeRow } from "./code-row";
import { CardEditor } from "./editor";
import { i18nFor, loadLanguage } from "./i18n";
import { locksFromSensors } from "./model";
import { NewCodeDialog } from "./new-code-dialog";
import { PinPanel } from "./pin-panel";
import { RemoveDialog } from "./remove-dialog";
import { DOMAIN, type Hass } from "./types";

const CARD = "igloohome-access-card";

const ELEMENTS: Record<string, CustomElementConstructor> = {
  "igloohome-access-pin": PinPanel,
  "igloohome-access-code": CodeRow,
  "igloohome-access-new-code": NewCodeDialog,
  "igloohome-access-remove": RemoveDialog,
  "igloohome-access-card-editor": CardEditor,
  [CARD]: AccessCard,
};

interface PickerEntry {
  type: string;
  name: string;
  description: string;
  preview: boolean;
  documentationURL: string;
  getEntitySuggestion(hass: Hass, entityId: string): { config: object } | null;
}

/** Offer the card of a lock to who picks one of its entities. */
export function suggestion(hass: Hass, entityId: string): { config: object } | null {
  const entry = hass.entities[entityId];
  const found =
    entry?.platform === DOMAIN &&
    locksFromSensors(hass).find((lock) => lock.deviceId === entry.device_id);
  return found ? { config: { type: `custom:${CARD}`, device_id: found.deviceId } } : null;
}

declare global {
  interface Window {
    customCards?: PickerEntry[];
  }
}

// After an update, a page that is still open may load the module a second time.
if (!customElements.get(CARD)) {
  for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);
  const entry: PickerEntry = {
    type: CARD,
    name: "",
    description: "",
    preview: true,
    documentationURL:
      "https://github.com/igloohome-access/igloohome-access/blob/main/docs/card.md",
    getEntitySuggestion: suggestion,
  };
  const label = (): void => {
    const language = document.documentElement.lang || navigator.language;
    const i18n = i18nFor({ language } as Parameters<typeof i18nFor>[0]);
    entry.name = i18n.t("card.name");
    entry.description = i18n.t("card.description");
  };
  label();
  (window.customCards ??= []).push(entry);
  void loadLanguage(document.documentElement.lang || navigator.language).then(label);
}
