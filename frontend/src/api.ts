/** What the card asks of Home Assistant: our actions, and which locks there are. */
import type { I18n } from "./i18n";
import { codeFromAnswer } from "./model";
import {
  DOMAIN,
  type Code,
  type CodeAnswer,
  type Hass,
  type Kind,
  type Lock,
  type RemovalAnswer,
} from "./types";

type Fields = Record<string, unknown>;

async function act<T>(hass: Hass, action: string, data: Fields): Promise<T> {
  const answer = await hass.callWS<{ response: T }>({
    type: "call_service",
    domain: DOMAIN,
    service: action,
    service_data: data,
    return_response: true,
  });
  return answer.response;
}

interface LocksAnswer {
  locks: { device_id: string; name: string; kinds: Kind[]; time_zone: string }[];
  not_loaded: string[];
}

export interface Overview {
  locks: Lock[];
  codes: Code[];
  notLoaded: string[];
}

/** Return all locks and codes, without PINs. For administrators. */
export async function fetchOverview(hass: Hass): Promise<Overview> {
  const [known, found] = await Promise.all([
    hass.callWS<LocksAnswer>({ type: `${DOMAIN}/locks` }),
    act<{ codes: CodeAnswer[] }>(hass, "get_codes", {}),
  ]);
  return {
    locks: known.locks.map((lock) => ({
      deviceId: lock.device_id,
      name: lock.name,
      kinds: lock.kinds,
      timeZone: lock.time_zone,
      live: 0,
    })),
    codes: found.codes.map(codeFromAnswer),
    notLoaded: known.not_loaded,
  };
}

/** Return the PIN of one code, null where there is none yet. */
export async function fetchPin(hass: Hass, codeId: string): Promise<string | null> {
  const data = { code_id: [codeId], include_pins: true };
  const answer = await act<{ codes: CodeAnswer[] }>(hass, "get_codes", data);
  return answer.codes[0]?.pin ?? null;
}

/** Make codes, or with `dry_run` only look; return an answer for each lock. */
export async function createCodes(
  hass: Hass,
  kind: Kind,
  fields: Fields,
  i18n: I18n,
): Promise<CodeAnswer[]> {
  const { codes } = await act<{ codes: CodeAnswer[] }>(hass, `create_${kind}_code`, fields);
  for (const { warnings = [], error } of codes) {
    for (const told of error ? [...warnings, error] : warnings) {
      told.message = await inWords(hass, i18n, told.key, told.placeholders, told.message);
    }
  }
  return codes;
}

export async function removeCode(
  hass: Hass,
  codeId: string,
  forget: boolean,
): Promise<RemovalAnswer> {
  return act<RemovalAnswer>(hass, "delete_code", { code_id: codeId, forget });
}

interface WireError {
  code?: string | number;
  message?: string;
  translation_domain?: string;
  translation_key?: string;
  translation_placeholders?: Record<string, string>;
}

/**
 * The number home-assistant-js-websocket gives a connection that was lost: by itself for
 * what was not sent, within an answer for what was.
 */
const CONNECTION_LOST = 3;

function wireError(error: unknown): WireError {
  if (typeof error === "number") return { code: error };
  const found = (error ?? {}) as WireError & { error?: WireError };
  return found.error ?? found;
}

/** Return whether what was asked for may have been done in spite of an error. */
export function mayBeDone(error: unknown): boolean {
  const { code, translation_key: key } = wireError(error);
  return key === "outcome_unknown" || (code === CONNECTION_LOST && typeof error !== "number");
}

/** Return a text of an integration in the words of the person who reads it. */
async function inWords(
  hass: Hass,
  i18n: I18n,
  key: string | undefined,
  placeholders: Record<string, string> = {},
  message = "",
  domain = DOMAIN,
): Promise<string> {
  let text = "";
  try {
    const localize = await hass.loadBackendTranslation?.("exceptions", domain);
    text = localize?.(`component.${domain}.exceptions.${key}.message`, placeholders) ?? "";
  } catch {
    // The message is in the language of the server: better than nothing.
  }
  return i18n.clock.retold(text || message);
}

/** Return an error in the words of the person who reads it. */
export async function errorText(hass: Hass, error: unknown, i18n: I18n): Promise<string> {
  const found = wireError(error);
  if (found.code === CONNECTION_LOST) return i18n.t("error.connection");
  if (found.code === "unauthorized") return i18n.t("error.unauthorized");
  const { message, translation_key: key, translation_placeholders: told } = found;
  const text = await inWords(hass, i18n, key, told, message, found.translation_domain);
  return text || i18n.t("error.unknown");
}
