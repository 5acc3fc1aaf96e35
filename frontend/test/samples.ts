/** Codes, locks and a Home Assistant for the tests. */
import { vi } from "vitest";
import { I18n } from "../src/i18n";
import type { Code, CodeAnswer, Hass, Lock } from "../src/types";

/** 20 November 2026, 11:30 in Berlin. */
export const NOW = Date.parse("2026-11-20T11:30:00+01:00");

export const LOCALE = { language: "en", time_format: "24" } as const;
export const I18N = new I18n("en", LOCALE);

export function code(part: Partial<Code> = {}): Code {
  return {
    id: "code-1",
    deviceId: "door",
    lock: "Front Door",
    name: "Plumber",
    kind: "hourly",
    status: "active",
    origin: "action",
    startsAt: "2026-11-20T10:00:00+01:00",
    endsAt: "2026-11-20T14:00:00+01:00",
    firstUseBy: null,
    notices: [],
    ...part,
  };
}

export function answer(part: Partial<CodeAnswer> = {}): CodeAnswer {
  return {
    code_id: "code-1",
    device_id: "door",
    lock: "Front Door",
    name: "Plumber",
    kind: "hourly",
    starts_at: "2026-11-20T10:00:00+01:00",
    ends_at: "2026-11-20T14:00:00+01:00",
    first_use_by: null,
    status: "active",
    origin: "action",
    cloud_notices: [],
    ...part,
  };
}

export const LOCKS: Lock[] = [
  {
    deviceId: "door",
    name: "Front Door",
    kinds: ["hourly", "daily", "one_time", "permanent"],
    timeZone: "Europe/Berlin",
    live: 0,
  },
  {
    deviceId: "gate",
    name: "Garden Gate",
    kinds: ["hourly", "daily", "one_time", "online"],
    timeZone: "Europe/Berlin",
    live: 0,
  },
];

export interface Call {
  service: string;
  data: Record<string, unknown>;
}

export interface FakeHass extends Hass {
  calls: Call[];
  /** What the actions answer, or the errors they end with. */
  answers: Record<string, unknown>;
}

const SENSORS = [
  ["sensor.front_door_live_codes", "door", "live_codes", "1", {}],
  ["sensor.garden_gate_live_codes", "gate", "live_codes", "0", {}],
  [
    "sensor.front_door_code_plumber",
    "door",
    "code_status",
    "active",
    {
      code_id: "code-1",
      kind: "hourly",
      origin: "action",
      starts_at: "2026-11-20T10:00:00+01:00",
      ends_at: "2026-11-20T14:00:00+01:00",
      first_use_by: null,
    },
  ],
] as const;

/** Return a Home Assistant with two locks and one code, for an administrator or not. */
export function fakeHass(admin = true): FakeHass {
  const calls: Call[] = [];
  const answers: Record<string, unknown> = { get_codes: { codes: [answer()] } };
  const locks = LOCKS.map((lock) => ({
    device_id: lock.deviceId,
    name: lock.name,
    kinds: lock.kinds,
    time_zone: lock.timeZone,
  }));
  const callWS = vi.fn(async (message: Record<string, unknown>) => {
    if (message["type"] === "igloohome_access/locks") return { locks, not_loaded: [] };
    const service = String(message["service"]);
    const data = message["service_data"] as Record<string, unknown>;
    calls.push({ service, data });
    const wanted = answers[`${service} ${JSON.stringify(data)}`] ?? answers[service];
    const failure = wanted as { code?: unknown; error?: unknown } | number | undefined;
    if (wanted instanceof Error || typeof failure === "number") throw wanted;
    if (failure?.code || failure?.error) throw wanted;
    return { response: wanted };
  });
  return {
    calls,
    answers,
    states: Object.fromEntries(
      SENSORS.map(([id, , , state, attributes]) => [
        id,
        { entity_id: id, state, attributes: { ...attributes } },
      ]),
    ),
    entities: Object.fromEntries(
      SENSORS.map(([id, device, key]) => [
        id,
        {
          entity_id: id,
          platform: "igloohome_access",
          device_id: device,
          translation_key: key,
          name: key === "code_status" ? "Code Plumber" : key,
        },
      ]),
    ),
    devices: {
      door: { id: "door", name: "Front Door" },
      gate: { id: "gate", name: "IGB4", name_by_user: "Garden Gate" },
    },
    user: { is_admin: admin },
    language: "en",
    locale: LOCALE,
    connected: true,
    callWS: callWS as unknown as Hass["callWS"],
    loadBackendTranslation: async () => (key, values) =>
      key.endsWith(".cloud_unreachable.message") ? `Not reached: ${values?.["detail"]}` : "",
  };
}

/** Let timers of `wait` milliseconds and everything that waits for them happen. */
export async function settle(wait = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(wait);
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
}

/** Return what is to be found anywhere below an element, through its shadow roots. */
export function deep(root: Element | ShadowRoot, selector: string): HTMLElement[] {
  const found: HTMLElement[] = [...root.querySelectorAll<HTMLElement>(selector)];
  for (const element of root.querySelectorAll("*")) {
    if (element.shadowRoot) found.push(...deep(element.shadowRoot, selector));
  }
  return found;
}

/** Return the one element with a test id. */
export function one(root: Element, id: string): HTMLElement {
  const found = deep(root.shadowRoot ?? root, `[data-testid="${id}"]`);
  if (found.length !== 1) throw new Error(`${found.length} elements with the id ${id}`);
  return found[0] as HTMLElement;
}

export function has(root: Element, id: string): boolean {
  return deep(root.shadowRoot ?? root, `[data-testid="${id}"]`).length > 0;
}
