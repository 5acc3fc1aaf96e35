/** From answers and sensors to the codes the card shows: filtered, sorted, grouped. */
import { moment } from "./time";
import { isEnded } from "./timeline";
import {
  DOMAIN,
  STATUSES,
  type CardConfig,
  type Code,
  type CodeAnswer,
  type Hass,
  type Kind,
  type Lock,
  type Origin,
  type RegistryEntry,
  type Status,
} from "./types";

const OUR_SENSORS = new Set(["code_status", "live_codes", "next_change"]);

/** Return the devices a card is limited to, null for all. */
export function wantedDevices(config: CardConfig): string[] | null {
  const ids = config.device_id ?? [];
  const list = (Array.isArray(ids) ? ids : [ids]).filter((id) => id !== "");
  return list.length === 0 ? null : list;
}

/** Return the sensors whose states tell that codes have changed. */
export function codeSensors(hass: Hass): RegistryEntry[] {
  return Object.values(hass.entities).filter(
    (entry): entry is RegistryEntry =>
      entry?.platform === DOMAIN && OUR_SENSORS.has(entry.translation_key ?? ""),
  );
}

export function deviceName(hass: Hass, id: string): string {
  const device = hass.devices[id];
  return device?.name_by_user || device?.name || id;
}

/**
 * Return the locks as anybody sees them: by their sensors. The number of codes is known
 * also where codes have no sensors of their own (an option of the account), and is NaN
 * while the account is not loaded.
 */
export function locksFromSensors(hass: Hass): Lock[] {
  const found = new Map<string, number>();
  for (const { device_id: id, entity_id: entity, translation_key: key } of codeSensors(hass)) {
    if (!id) continue;
    found.set(id, key === "live_codes" ? Number(hass.states[entity]?.state) : (found.get(id) ?? 0));
  }
  return [...found]
    .map(([id, live]) => ({
      deviceId: id,
      name: deviceName(hass, id),
      kinds: [],
      timeZone: null,
      live,
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Return the codes as anybody sees them: by their status sensors. */
export function codesFromSensors(hass: Hass): Code[] {
  const codes: Code[] = [];
  for (const entry of codeSensors(hass)) {
    const state = hass.states[entry.entity_id];
    const id = text(state?.attributes["code_id"]);
    if (entry.translation_key !== "code_status" || !state || !id || !entry.device_id) continue;
    if (!(STATUSES as readonly string[]).includes(state.state)) continue;
    const attributes = state.attributes;
    codes.push({
      id,
      deviceId: entry.device_id,
      lock: deviceName(hass, entry.device_id),
      name: entry.name || text(attributes["friendly_name"]) || id,
      kind: (text(attributes["kind"]) ?? "online") as Kind,
      status: state.state as Status,
      origin: (text(attributes["origin"]) ?? "action") as Origin,
      startsAt: text(attributes["starts_at"]),
      endsAt: text(attributes["ends_at"]),
      firstUseBy: text(attributes["first_use_by"]),
      notices: [],
    });
  }
  return codes;
}

/** Return a code of an answer, without its PIN. */
export function codeFromAnswer(answer: CodeAnswer): Code {
  return {
    id: answer.code_id ?? "",
    deviceId: answer.device_id ?? "",
    lock: answer.lock,
    name: answer.name,
    kind: answer.kind,
    status: answer.status ?? "requested",
    origin: answer.origin ?? "action",
    startsAt: answer.starts_at,
    endsAt: answer.ends_at,
    firstUseBy: answer.first_use_by,
    notices: (answer.cloud_notices ?? []).map((notice) => notice.message),
  };
}

function rank(code: Code): number {
  if (isEnded(code)) return 2;
  return code.status === "scheduled" ? 1 : 0;
}

function at(iso: string | null, otherwise: number): number {
  return iso === null ? otherwise : moment(iso);
}

/**
 * Order of the list: what opens now, by its end; what will open, by its start; what is
 * over, the latest first.
 */
export function byUrgency(a: Code, b: Code): number {
  const first = rank(a);
  const difference = first - rank(b);
  if (difference !== 0) return difference;
  const far = Number.MAX_SAFE_INTEGER;
  const time =
    first === 0
      ? at(a.endsAt, far) - at(b.endsAt, far)
      : first === 1
        ? at(a.startsAt, 0) - at(b.startsAt, 0)
        : at(b.endsAt, 0) - at(a.endsAt, 0);
  return time || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1);
}

export interface Group {
  lock: Lock;
  live: Code[];
  ended: Code[];
}

/** Return the codes by lock, sorted; locks without a code as well. */
export function group(codes: Code[], locks: Lock[], wanted: string[] | null): Group[] {
  const groups = new Map<string, Group>();
  const shown = (id: string): boolean => wanted === null || wanted.includes(id);
  for (const lock of locks) {
    if (shown(lock.deviceId)) groups.set(lock.deviceId, { lock, live: [], ended: [] });
  }
  for (const code of [...codes].sort(byUrgency)) {
    if (!shown(code.deviceId)) continue;
    let found = groups.get(code.deviceId);
    if (!found) {
      // The lock is gone; its codes are still known.
      const lock = { deviceId: code.deviceId, name: code.lock, kinds: [], timeZone: null, live: 0 };
      groups.set(code.deviceId, (found = { lock, live: [], ended: [] }));
    }
    (isEnded(code) ? found.ended : found.live).push(code);
  }
  return [...groups.values()];
}

/** Return the groups with only the codes somebody looks for, by their name or lock. */
export function searched(groups: Group[], search: string): Group[] {
  const wanted = search.trim().toLocaleLowerCase();
  if (wanted === "") return groups;
  const meant = (code: Code): boolean =>
    `${code.name} ${code.lock}`.toLocaleLowerCase().includes(wanted);
  return groups
    .map(({ lock, live, ended }) => ({
      lock,
      live: live.filter(meant),
      ended: ended.filter(meant),
    }))
    .filter(({ live, ended }) => live.length + ended.length > 0);
}
