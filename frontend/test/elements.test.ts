import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import "../src/main";
import type { AccessCard } from "../src/card";
import { suggestion } from "../src/main";
import { SHOWN_FOR, type PinPanel } from "../src/pin-panel";
import { copy } from "../src/share";
import type { CardConfig, CodeAnswer, HassEntity } from "../src/types";
import { I18N, NOW, answer, code, deep, fakeHass, has, one, settle, type FakeHass } from "./samples";

const PIN = "489018176";
const REVEAL = 'get_codes {"code_id":["code-1"],"include_pins":true}';

function everything(): string {
  return deep(document.body, "*")
    .map((element) => element.outerHTML + (element.shadowRoot?.innerHTML ?? ""))
    .join();
}

async function show(hass: FakeHass, config: Partial<CardConfig> = {}): Promise<AccessCard> {
  const card = document.createElement("igloohome-access-card") as AccessCard;
  card.setConfig({ type: "custom:igloohome-access-card", ...config });
  card.hass = hass;
  document.body.append(card);
  await settle(10);
  await settle();
  return card;
}

function openDialog(card: AccessCard): HTMLElement {
  const found = deep(card.shadowRoot as ShadowRoot, "dialog[open]");
  expect(found).toHaveLength(1);
  return found[0] as HTMLElement;
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});

afterEach(() => {
  document.body.replaceChildren();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("the card", () => {
  it("shows locks and codes to administrators, without asking for a PIN", async () => {
    const hass = fakeHass();
    const card = await show(hass);
    expect(deep(card.shadowRoot as ShadowRoot, '[data-testid="lock"]')).toHaveLength(2);
    expect(one(card, "code").dataset["status"]).toBe("active");
    expect(one(card, "window").textContent).toBe("today, 10:00 – 14:00");
    expect(one(card, "summary").textContent).toBe("1 code opens or will open");
    expect(hass.calls).toEqual([{ service: "get_codes", data: {} }]);
  });

  it("shows others the sensors, and nothing to do; it asks for nothing", async () => {
    const hass = fakeHass(false);
    const card = await show(hass);
    one(card, "code-toggle").click();
    await settle();
    expect(one(card, "details").textContent).toContain("Should open the door now.");
    for (const id of ["new-code", "new-code-for", "show-pin", "remove"]) {
      expect([id, has(card, id)]).toEqual([id, false]);
    }
    expect(hass.callWS).not.toHaveBeenCalled();
  });

  it("does not tell others there are no codes where codes have no sensors", async () => {
    const hass = fakeHass(false);
    delete hass.entities["sensor.front_door_code_plumber"];
    const sensor = hass.states["sensor.front_door_live_codes"];
    if (sensor) sensor.state = "3";
    const card = await show(hass);
    expect(has(card, "code")).toBe(false);
    expect(one(card, "summary").textContent).toBe("3 codes open or will open");
    expect(one(card, "unlisted").textContent).toBe("3 codes open or will open");
    expect(has(card, "not-loaded")).toBe(false);
    const gone = { ...sensor, state: "unavailable" } as HassEntity;
    card.hass = { ...hass, states: { ...hass.states, [gone.entity_id]: gone } };
    await settle();
    expect(has(card, "unlisted")).toBe(false);
    expect(one(card, "summary").textContent).toBe("");
    expect(one(card, "not-loaded").textContent).toContain("igloohome Access is not running");
  });

  it("reads again when one of our sensors changes, once for many changes", async () => {
    const hass = fakeHass();
    const card = await show(hass);
    const change = (id: string): FakeHass => {
      const next = { ...hass, states: { ...hass.states } };
      next.states[id] = { entity_id: id, state: String(Math.random()), attributes: {} };
      return next;
    };
    card.hass = change("light.kitchen");
    await settle(2000);
    expect(hass.calls).toHaveLength(1);
    card.hass = change("sensor.front_door_live_codes");
    card.hass = change("sensor.front_door_code_plumber");
    await settle(2000);
    expect(hass.calls).toHaveLength(2);
  });

  it("reads again when the connection is back", async () => {
    const hass = fakeHass();
    const card = await show(hass);
    card.hass = { ...hass, connected: false };
    card.hass = { ...hass, connected: true };
    await settle(2000);
    expect(hass.calls).toHaveLength(2);
  });

  it("says in words what went wrong, and keeps what it knew", async () => {
    const hass = fakeHass();
    const card = await show(hass);
    hass.answers["get_codes"] = {
      code: "home_assistant_error",
      message: "server's language",
      translation_domain: "igloohome_access",
      translation_key: "cloud_unreachable",
      translation_placeholders: { detail: "timeout" },
    };
    document.dispatchEvent(new Event("visibilitychange"));
    await settle(10);
    await settle();
    expect(one(card, "card-error").textContent).toContain("Not reached: timeout");
    expect(has(card, "code")).toBe(true);
    hass.answers["get_codes"] = { codes: [] };
    deep(card.shadowRoot as ShadowRoot, ".link")[0]?.click();
    await settle(10);
    await settle();
    expect(has(card, "card-error")).toBe(false);
  });

  it.each([
    // As home-assistant-js-websocket rejects what was not sent, and what was.
    [3, "The connection to Home Assistant was lost"],
    [
      { type: "result", success: false, error: { code: 3, message: "Connection lost" } },
      "The connection to Home Assistant was lost",
    ],
    [{ code: "unauthorized", message: "Unauthorized" }, "Only administrators"],
    [{ code: "x", message: "In the server's words" }, "In the server's words"],
    [{ code: "x", translation_domain: "other", translation_key: "y" }, "Something went wrong"],
  ])("finds words for %o", async (error, words) => {
    const hass = fakeHass();
    hass.answers["get_codes"] = error;
    const card = await show(hass);
    expect(one(card, "card-error").textContent).toContain(words);
  });

  it("tells accounts that are not loaded", async () => {
    const hass = fakeHass();
    vi.mocked(hass.callWS).mockImplementation(async (message) =>
      message["type"] === "call_service"
        ? { response: { codes: [] } }
        : ({ locks: [], not_loaded: ["Seam"] } as never),
    );
    const card = await show(hass);
    expect(one(card, "not-loaded").textContent).toContain("Seam is not running");
    // Codes of that account may open doors, and there is nothing to add.
    expect(has(card, "empty")).toBe(false);
    expect(one(card, "summary").textContent).toBe("");
    card.setConfig({ type: "x", device_id: "door" });
    await settle();
    expect(has(card, "empty")).toBe(false);
  });

  it("pages 200 codes, and can be searched", async () => {
    const hass = fakeHass();
    const codes = Array.from({ length: 200 }, (_, index) =>
      answer({ code_id: `code-${index}`, name: `Guest ${index}` }),
    );
    hass.answers["get_codes"] = { codes };
    const card = await show(hass, { device_id: "door" });
    const rows = (): number => deep(card.shadowRoot as ShadowRoot, '[data-testid="code"]').length;
    expect(rows()).toBe(8);
    one(card, "more").click();
    await settle();
    expect(rows()).toBe(16);
    for (let turn = 0; turn < 10 && has(card, "more"); turn += 1) {
      one(card, "more").click();
      await settle();
    }
    expect(rows()).toBe(200);
    const field = one(card, "search") as HTMLInputElement;
    field.value = "guest 199";
    field.dispatchEvent(new Event("input"));
    await settle();
    expect(rows()).toBe(1);
  });

  it("folds ended codes away, or hides them", async () => {
    const hass = fakeHass();
    const codes = [answer({ code_id: "b", status: "expired" }), answer()];
    hass.answers["get_codes"] = { codes };
    const card = await show(hass);
    const ended = one(card, "ended") as HTMLDetailsElement;
    expect(ended.open).toBe(false);
    expect(ended.querySelector("summary")?.textContent).toBe("1 ended code");
    card.setConfig({ type: "x", hide_ended: true });
    await settle();
    expect(has(card, "ended")).toBe(false);
  });

  it("keeps what is open with its code when the list moves", async () => {
    const hass = fakeHass();
    const later = answer({ code_id: "code-2", name: "Z", ends_at: "2026-11-20T20:00:00+01:00" });
    hass.answers["get_codes"] = { codes: [answer(), later] };
    const card = await show(hass);
    deep(card.shadowRoot as ShadowRoot, '[data-testid="code-toggle"]')[0]?.click();
    await settle();
    expect(has(card, "details")).toBe(true);
    hass.answers["get_codes"] = { codes: [later] };
    document.dispatchEvent(new Event("visibilitychange"));
    await settle(10);
    await settle();
    expect(has(card, "details")).toBe(false);
  });

  it("says so when the chosen lock is none", async () => {
    const card = await show(fakeHass(), { device_id: "bridge" });
    expect(one(card, "empty").textContent).toContain("The chosen lock takes no codes");
  });

  it("is in the card picker, with suggestions for entities of locks", () => {
    const entry = window.customCards?.find((each) => each.type === "igloohome-access-card");
    expect(entry).toMatchObject({ name: "igloohome codes", preview: true });
    expect(suggestion(fakeHass(), "sensor.garden_gate_live_codes")).toEqual({
      config: { type: "custom:igloohome-access-card", device_id: "gate" },
    });
    expect(suggestion(fakeHass(), "light.kitchen")).toBeNull();
  });

  it("fits the grid of sections and masonry", async () => {
    const card = await show(fakeHass());
    expect(card.getGridOptions()).toMatchObject({ columns: 12, rows: "auto" });
    expect(card.getCardSize()).toBe(3);
  });
});

describe("the PIN", () => {
  async function reveal(hass: FakeHass): Promise<AccessCard> {
    const card = await show(hass);
    one(card, "code-toggle").click();
    await settle();
    one(card, "show-pin").click();
    await settle();
    return card;
  }

  function withPin(): FakeHass {
    const hass = fakeHass();
    hass.answers[REVEAL] = { codes: [answer({ pin: PIN })] };
    return hass;
  }

  it("is asked for alone, shown in groups and spoken digit by digit", async () => {
    const hass = withPin();
    const card = await reveal(hass);
    expect(one(card, "pin").textContent).toBe("489 018 176");
    expect(everything()).toContain("4 8 9 0 1 8 1 7 6");
    expect(hass.calls.at(-1)?.data).toEqual({ code_id: ["code-1"], include_pins: true });
  });

  it("is gone after 30 seconds, also when timers stood still", async () => {
    const card = await reveal(withPin());
    await settle(SHOWN_FOR - 1000);
    expect(has(card, "pin")).toBe(true);
    vi.setSystemTime(NOW + 10 * SHOWN_FOR);
    document.dispatchEvent(new Event("visibilitychange"));
    await settle();
    expect(has(card, "pin")).toBe(false);
    expect(everything()).not.toMatch(/489\s?018\s?176|4 8 9 0/);
    expect(one(card, "show-pin").textContent).toContain("Show PIN again");
    expect(one(card, "pin-status").textContent).toBe("The PIN is hidden again.");
  });

  it("hides by its own timer", async () => {
    const card = await reveal(withPin());
    await settle(SHOWN_FOR + 500);
    expect(has(card, "pin")).toBe(false);
  });

  it("is hidden by hand, and when its line is folded or leaves the page", async () => {
    const card = await reveal(withPin());
    one(card, "hide-pin").click();
    await settle();
    expect(has(card, "pin")).toBe(false);
    one(card, "show-pin").click();
    await settle();
    const panel = deep(card.shadowRoot as ShadowRoot, "igloohome-access-pin")[0] as PinPanel;
    one(card, "code-toggle").click();
    await settle();
    expect(Object.values(panel)).not.toContain(PIN);
    expect((panel as unknown as { pin: string | null }).pin).toBeNull();
  });

  it("is never shown twice", async () => {
    const hass = withPin();
    const second = 'get_codes {"code_id":["code-2"],"include_pins":true}';
    hass.answers["get_codes"] = { codes: [answer(), answer({ code_id: "code-2", name: "Z" })] };
    hass.answers[second] = { codes: [answer({ code_id: "code-2", pin: "111222333" })] };
    const card = await show(hass);
    const root = card.shadowRoot as ShadowRoot;
    for (const toggle of deep(root, '[data-testid="code-toggle"]')) toggle.click();
    await settle();
    for (const button of deep(root, '[data-testid="show-pin"]')) {
      button.click();
      await settle();
    }
    expect(deep(root, '[data-testid="pin"]').map((each) => each.textContent)).toEqual([
      "111 222 333",
    ]);
  });

  it("does not appear when the line was folded before the answer came", async () => {
    const hass = withPin();
    const card = await show(hass);
    one(card, "code-toggle").click();
    await settle();
    one(card, "show-pin").click();
    one(card, "code-toggle").click();
    await settle();
    one(card, "code-toggle").click();
    await settle();
    expect(has(card, "pin")).toBe(false);
  });

  it("that is not known is told as that", async () => {
    const hass = fakeHass();
    hass.answers[REVEAL] = { codes: [answer({ pin: null })] };
    await reveal(hass);
    expect(everything()).toContain("There is no PIN yet.");
  });

  it("is copied plain, and with the message in groups", async () => {
    const copied: string[] = [];
    vi.stubGlobal("navigator", {
      language: "en",
      clipboard: { writeText: async (text: string) => void copied.push(text) },
    });
    const card = await reveal(withPin());
    one(card, "copy-pin").click();
    await settle();
    expect(one(card, "pin-status").textContent).toBe("PIN copied");
    one(card, "share-pin").click();
    await settle();
    expect(copied[0]).toBe(PIN);
    expect(copied[1]).toContain("Your PIN for Front Door: 489 018 176");
    expect(one(card, "pin-status").textContent).toBe("Message copied");
  });

  it("goes to the share sheet where there is one; closing it is no error", async () => {
    const shared: string[] = [];
    const share = vi
      .fn()
      .mockImplementationOnce(async ({ text }: { text: string }) => void shared.push(text))
      .mockRejectedValue(Object.assign(new Error("closed"), { name: "AbortError" }));
    vi.stubGlobal("navigator", { language: "en", share });
    const card = await reveal(withPin());
    expect(one(card, "share-pin").textContent).toContain("Share message");
    one(card, "share-pin").click();
    await settle();
    expect(shared[0]).toContain("489 018 176");
    one(card, "share-pin").click();
    await settle();
    expect(one(card, "pin-status").textContent).toBe("The PIN is shown for 30 seconds.");
  });

  it("is copied without a clipboard, too, and no field with it stays behind", async () => {
    vi.stubGlobal("navigator", { language: "en" });
    const place = document.createElement("div");
    document.body.append(place);
    const seen: string[] = [];
    Object.assign(document, {
      execCommand: () => {
        seen.push(place.querySelector("textarea")?.value ?? "");
        return true;
      },
    });
    expect(await copy(PIN, place)).toBe(true);
    expect(seen).toEqual([PIN]);
    expect(place.innerHTML).toBe("");
    Object.assign(document, {
      execCommand: () => {
        throw new Error("no");
      },
    });
    expect(await copy(PIN, place)).toBe(false);
    expect(place.innerHTML).toBe("");
  });

  it("is never written to the browser's storage, address or console", async () => {
    const written = vi.spyOn(Storage.prototype, "setItem");
    const said = (["log", "info", "debug", "warn", "error"] as const).map((method) =>
      vi.spyOn(console, method),
    );
    await reveal(withPin());
    await settle(SHOWN_FOR + 1000);
    expect(written).not.toHaveBeenCalled();
    expect(JSON.stringify(said.map((method) => method.mock.calls))).not.toContain(PIN);
    expect(location.href).not.toContain(PIN);
  });
});

describe("new code", () => {
  const preview = answer({
    code_id: null,
    status: null,
    warnings: [{ key: "cannot_be_revoked", message: "Not from afar." }],
  });

  async function begin(hass: FakeHass, config: Partial<CardConfig> = { device_id: "door" }) {
    hass.answers["create_hourly_code"] = { codes: [preview] };
    const card = await show(hass, config);
    one(card, "new-code").click();
    await settle(10);
    await settle();
    return card;
  }

  it("takes two taps for one lock: the rules are asked in between, then the PIN is there", async () => {
    const hass = fakeHass();
    const card = await begin(hass);
    expect(openDialog(card).textContent).toContain("today, 10:00 – 14:00");
    expect(one(card, "preview").textContent).toContain("Not from afar.");
    expect(hass.calls.at(-1)).toEqual({
      service: "create_hourly_code",
      data: { device_id: ["door"], name: "Guest", duration: { hours: 2 }, dry_run: true },
    });
    hass.answers["create_hourly_code"] = { codes: [answer({ name: "Guest", pin: PIN })] };
    one(card, "create").click();
    await settle(10);
    await settle();
    expect(one(card, "pin").textContent).toBe("489 018 176");
    expect(one(card, "message").textContent).toContain("Your PIN for Front Door");
    const made = hass.calls.filter((call) => call.service.startsWith("create"));
    expect(made).toHaveLength(2);
    expect(made[1]?.data).not.toHaveProperty("dry_run");
    await settle(SHOWN_FOR + 1000);
    expect(everything()).not.toMatch(/489\s?018\s?176/);
  });

  it("tells warnings in the language and with the clock of who reads them", async () => {
    const hass = fakeHass();
    hass.loadBackendTranslation = async () => (key, values) =>
      key === "component.igloohome_access.exceptions.end_rounded_up.message"
        ? `Aufgerundet auf ${values?.["ends_at"]}.`
        : "";
    const placeholders = { asked: "2026-11-20 13:30", ends_at: "2026-11-20 14:00" };
    const warnings = [
      { key: "end_rounded_up", message: "Rounded up.", placeholders },
      { key: "brand_new", message: "By 2026-11-21 10:00.", placeholders: {} },
    ];
    const error = { key: "lock_full", message: "Full since 2026-11-19 08:00:30." };
    const card = await begin(hass);
    hass.answers["create_hourly_code"] = {
      codes: [{ ...preview, warnings }, { ...preview, lock: "Garden Gate", error }],
    };
    one(card, "length-4").click();
    await settle(400);
    await settle();
    const told = deep(card.shadowRoot as ShadowRoot, "[data-warning]");
    expect(told.map((element) => element.textContent)).toEqual([
      "By Sat, Nov 21, 10:00.",
      "Not from afar.",
      "Garden Gate: Full since Thu, Nov 19, 08:00.",
      "Aufgerundet auf Fri, Nov 20, 14:00.",
    ]);
  });

  it("cannot be made before the rules have answered", async () => {
    const hass = fakeHass();
    const card = await begin(hass);
    expect((one(card, "create") as HTMLButtonElement).disabled).toBe(false);
    one(card, "length-4").click();
    await settle();
    expect((one(card, "create") as HTMLButtonElement).disabled).toBe(true);
    await settle(400);
    await settle();
    expect(hass.calls.at(-1)?.data).toMatchObject({ duration: { hours: 4 }, dry_run: true });
    expect((one(card, "create") as HTMLButtonElement).disabled).toBe(false);
  });

  it("wants a lock when there are several, and offers what all chosen ones take", async () => {
    const hass = fakeHass();
    const card = await begin(hass, {});
    expect((one(card, "create") as HTMLButtonElement).disabled).toBe(true);
    expect(one(card, "preview").textContent).toContain("Choose a lock");
    one(card, "lock-door").click();
    await settle(400);
    expect(has(card, "kind-permanent")).toBe(true);
    one(card, "lock-gate").click();
    await settle(400);
    expect(has(card, "kind-permanent")).toBe(false);
    expect(has(card, "kind-online")).toBe(false);
    expect(hass.calls.at(-1)?.data["device_id"]).toEqual(["door", "gate"]);
  });

  it("begins anew with the length when the kind goes with a lock", async () => {
    const hass = fakeHass();
    const card = await begin(hass, {});
    one(card, "lock-gate").click();
    await settle(400);
    one(card, "kind-online").click();
    await settle(400);
    one(card, "length-endless").click();
    await settle(400);
    one(card, "lock-door").click();
    await settle(400);
    expect((one(card, "kind-hourly") as HTMLInputElement).checked).toBe(true);
    expect((one(card, "length-2") as HTMLInputElement).checked).toBe(true);
    expect(hass.calls.at(-1)?.data).toMatchObject({ duration: { hours: 2 }, dry_run: true });
  });

  it("shows each lock's PIN one at a time, and which lock got none", async () => {
    const hass = fakeHass();
    const card = await begin(hass, {});
    one(card, "lock-door").click();
    one(card, "lock-gate").click();
    await settle(400);
    await settle();
    hass.answers["create_hourly_code"] = {
      codes: [
        answer({ pin: PIN }),
        answer({
          code_id: null,
          lock: "Garden Gate",
          status: "failed",
          error: { key: "lock_full", message: "The lock is full." },
        }),
      ],
    };
    one(card, "create").click();
    await settle(10);
    await settle();
    const text = openDialog(card).textContent;
    expect(text).toContain("Not all codes could be made");
    expect(text).toContain("The lock is full.");
    expect(one(card, "pin").textContent).toBe("489 018 176");
  });

  it("waits for a PIN that comes later, and shows it then", async () => {
    const hass = fakeHass();
    const card = await begin(hass);
    const waiting = answer({ code_id: "code-9", status: "waiting_for_pin", pin: null });
    hass.answers["create_hourly_code"] = { codes: [waiting] };
    hass.answers["get_codes"] = { codes: [waiting] };
    one(card, "create").click();
    await settle(10);
    await settle();
    expect(one(card, "waiting").textContent).toContain("Seam has not told the PIN yet");
    const ready = answer({ code_id: "code-9", pin: PIN });
    hass.answers["get_codes"] = { codes: [answer({ code_id: "code-9" })] };
    hass.answers['get_codes {"code_id":["code-9"],"include_pins":true}'] = { codes: [ready] };
    document.dispatchEvent(new Event("visibilitychange"));
    await settle(10);
    await settle();
    await settle(10);
    expect(one(card, "pin").textContent).toBe("489 018 176");
  });

  it("tells that a code is on its way to the lock yet, and when it is not", async () => {
    const hass = fakeHass();
    const card = await begin(hass);
    const made = (status: "setting" | "failed" | "active"): CodeAnswer =>
      answer({ code_id: "code-9", kind: "online", status });
    hass.answers["create_hourly_code"] = { codes: [{ ...made("setting"), pin: PIN }] };
    hass.answers["get_codes"] = { codes: [made("setting")] };
    one(card, "create").click();
    await settle(10);
    await settle();
    expect(openDialog(card).textContent).not.toContain("is ready");
    expect(one(card, "waiting").textContent).toContain("bringing the code to the lock");
    expect(one(card, "pin").textContent).toBe("489 018 176");
    const becomes = async (status: "failed" | "active"): Promise<string> => {
      hass.answers["get_codes"] = { codes: [made(status)] };
      document.dispatchEvent(new Event("visibilitychange"));
      await settle(10);
      await settle();
      return openDialog(card).textContent;
    };
    expect(await becomes("active")).toContain("The code is ready");
    expect(has(card, "waiting")).toBe(false);
    expect(one(card, "pin").textContent).toBe("489 018 176");
    expect(await becomes("failed")).toContain("does not open");
    expect(has(card, "pin")).toBe(false);
  });

  it("does not offer to repeat what may have happened", async () => {
    const hass = fakeHass();
    const card = await begin(hass);
    hass.answers["create_hourly_code"] = {
      code: "home_assistant_error",
      message: "Not known yet.",
      translation_domain: "igloohome_access",
      translation_key: "outcome_unknown",
    };
    one(card, "create").click();
    await settle(10);
    await settle();
    expect(one(card, "error").textContent).toContain("do not make it again");
    expect(has(card, "create")).toBe(false);
  });

  it.each([
    [{ type: "result", success: false, error: { code: 3, message: "" } }, false],
    [3, true],
  ])("offers to repeat only what was not sent: %o", async (error, again) => {
    const hass = fakeHass();
    const card = await begin(hass);
    hass.answers["create_hourly_code"] = error;
    one(card, "create").click();
    await settle(10);
    await settle();
    const words = again ? "connection to Home Assistant was lost" : "do not make it again";
    expect(one(card, "error").textContent).toContain(words);
    expect(has(card, "create")).toBe(again);
  });

  it("forgets everything when it is closed", async () => {
    const hass = fakeHass();
    const card = await begin(hass);
    hass.answers["create_hourly_code"] = { codes: [answer({ pin: PIN })] };
    one(card, "create").click();
    await settle(10);
    await settle();
    one(card, "done").click();
    await settle();
    expect(deep(card.shadowRoot as ShadowRoot, "dialog")).toHaveLength(0);
    expect(everything()).not.toMatch(/489\s?018\s?176/);
  });
});

describe("removing", () => {
  async function ask(hass: FakeHass): Promise<AccessCard> {
    const card = await show(hass);
    one(card, "code-toggle").click();
    await settle();
    one(card, "remove").click();
    await settle();
    return card;
  }

  it("of an algoPIN says until when it opens, before and after", async () => {
    const hass = fakeHass();
    const card = await ask(hass);
    expect(openDialog(card).textContent).toContain("Take Plumber off the list?");
    expect(one(card, "still-opens").textContent).toContain("until today, 14:00");
    hass.answers["delete_code"] = {
      still_opens: true,
      still_opens_until: "2026-11-20T14:00:00+01:00",
      certain: true,
    };
    one(card, "confirm-remove").click();
    await settle(10);
    await settle();
    expect(hass.calls).toContainEqual({
      service: "delete_code",
      data: { code_id: "code-1", forget: true },
    });
    expect(one(card, "removed").textContent).toContain("It still opens Front Door until today");
  });

  it("of an online code deletes it, and offers to forget what cannot be deleted", async () => {
    const hass = fakeHass();
    hass.answers["get_codes"] = { codes: [answer({ kind: "online" })] };
    const card = await ask(hass);
    expect(openDialog(card).textContent).toContain("Delete Plumber?");
    hass.answers["delete_code"] = { code: "x", message: "The bridge cannot be reached." };
    one(card, "confirm-remove").click();
    await settle(10);
    await settle();
    expect(one(card, "error").textContent).toContain("The bridge cannot be reached.");
    hass.answers["delete_code"] = { still_opens: true, still_opens_until: null, certain: false };
    one(card, "forget-anyway").click();
    await settle(10);
    await settle();
    const removals = hass.calls.filter((call) => call.service === "delete_code");
    expect(removals.map((call) => call.data["forget"])).toEqual([false, true]);
    expect(one(card, "removed").textContent).toContain("It may still open Front Door.");
  });

  it("is not offered for an algoPIN that was made elsewhere", async () => {
    const hass = fakeHass();
    hass.answers["get_codes"] = { codes: [answer({ origin: "elsewhere" })] };
    const card = await show(hass);
    one(card, "code-toggle").click();
    await settle();
    expect(has(card, "remove")).toBe(false);
    expect(has(card, "show-pin")).toBe(true);
  });
});

it("gives no code another one's PIN", async () => {
  const hass = fakeHass();
  hass.answers[REVEAL] = { codes: [answer({ pin: PIN })] };
  const panel = document.createElement("igloohome-access-pin") as PinPanel;
  Object.assign(panel, { hass, i18n: I18N, code: code() });
  document.body.append(panel);
  await settle();
  await panel.reveal();
  await settle();
  expect(has(panel, "pin")).toBe(true);
  panel.code = code({ id: "code-2" });
  await settle();
  expect(has(panel, "pin")).toBe(false);
});
