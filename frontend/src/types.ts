/** Shapes of what Home Assistant hands to a card and of what our actions answer. */

export const DOMAIN = "igloohome_access";

export type Kind = "hourly" | "daily" | "one_time" | "permanent" | "online";

export const STATUSES = [
  "requested",
  "waiting_for_pin",
  "scheduled",
  "setting",
  "active",
  "unconfirmed",
  "used",
  "expired",
  "superseded",
  "removing",
  "failed",
] as const;
export type Status = (typeof STATUSES)[number];

export type Origin = "action" | "booking" | "elsewhere";

/** A code without its PIN: the PIN is only ever in the element that shows it. */
export interface Code {
  id: string;
  deviceId: string;
  lock: string;
  name: string;
  kind: Kind;
  status: Status;
  origin: Origin;
  /** Times are ISO text on the clock of the lock. */
  startsAt: string | null;
  endsAt: string | null;
  firstUseBy: string | null;
  notices: string[];
}

export interface Lock {
  deviceId: string;
  name: string;
  /** Empty for people who are no administrators: they make no codes. */
  kinds: Kind[];
  timeZone: string | null;
  /** How many codes open or will open, for people who may not ask for the codes. */
  live: number;
}

/** Something told by the integration; the message is in the language of the server. */
export interface Warning {
  key: string;
  message: string;
  placeholders?: Record<string, string>;
}

/** One element of the answer of the actions that make codes. */
export interface CodeAnswer {
  code_id: string | null;
  device_id: string | null;
  lock: string;
  name: string;
  kind: Kind;
  pin?: string | null;
  starts_at: string | null;
  ends_at: string | null;
  first_use_by: string | null;
  status: Status | null;
  origin?: Origin;
  cloud_notices?: { code: string; message: string; error: boolean }[];
  warnings?: Warning[];
  error?: Warning;
}

/** What `delete_code` answers. */
export interface RemovalAnswer {
  still_opens: boolean;
  still_opens_until: string | null;
  certain: boolean;
}

export interface HassEntity {
  entity_id: string;
  state: string;
  attributes: Record<string, unknown>;
}

export interface RegistryEntry {
  entity_id: string;
  platform?: string;
  translation_key?: string;
  device_id?: string | null;
  name?: string | null;
}

export interface RegistryDevice {
  id: string;
  name?: string | null;
  name_by_user?: string | null;
}

export interface HassLocale {
  language: string;
  time_format?: "language" | "system" | "12" | "24";
}

export type Localize = (key: string, values?: Record<string, string>) => string;

/** The part of Home Assistant's `hass` object this card uses. */
export interface Hass {
  states: Record<string, HassEntity | undefined>;
  entities: Record<string, RegistryEntry | undefined>;
  devices: Record<string, RegistryDevice | undefined>;
  user?: { is_admin: boolean };
  language: string;
  locale?: HassLocale;
  connected?: boolean;
  callWS<T>(message: Record<string, unknown>): Promise<T>;
  loadBackendTranslation?(category: string, integration?: string): Promise<Localize>;
}

export interface CardConfig {
  type: string;
  title?: string;
  /** The lock, or locks, to show; all of them without it. */
  device_id?: string | string[];
  hide_ended?: boolean;
}
