import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { actionFields, commonKinds, fieldValue, isComplete, newDraft, nextHour } from "../src/draft";
import {
  byUrgency,
  codeFromAnswer,
  codesFromSensors,
  group,
  locksFromSensors,
  searched,
  wantedDevices,
} from "../src/model";
import { warningsOf } from "../src/new-code-dialog";
import { grouped, spoken } from "../src/pin";
import { outcomeKey } from "../src/remove-dialog";
import { guestMessage } from "../src/share";
import { Clock, isOtherClock, offsetOf } from "../src/time";
import { timeline } from "../src/timeline";
import type { Code, Kind, Status } from "../src/types";
import { I18N, LOCALE, LOCKS, NOW, answer, code, fakeHass } from "./samples";

// Texts name the year of a day that is far away.
beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

describe("PIN", () => {
  it.each([
    ["4711", "4711"],
    ["47110", "47 110"],
    ["471108", "471 108"],
    ["4711081", "471 1081"],
    ["47110815", "4711 0815"],
    ["489018176", "489 018 176"],
    ["4890181764", "489 018 1764"],
    ["48901817645", "489 0181 7645"],
    ["", ""],
  ])("%s is shown as %s", (pin, shown) => {
    expect(grouped(pin)).toBe(shown);
    expect(grouped(pin).replaceAll(" ", "")).toBe(pin);
  });

  it("is spoken digit by digit", () => {
    expect(spoken("0471")).toBe("0 4 7 1");
  });
});

describe("times", () => {
  const clock = new Clock(LOCALE);

  it("are those of the lock, whatever the browser's zone", () => {
    expect(clock.timeOfDay("2026-11-20T14:00:00+09:00")).toBe("14:00");
    expect(clock.timeOfDay("2026-07-01T09:05:00-03:30")).toBe("09:05");
    expect(offsetOf("2026-07-01T09:05:00-03:30")).toBe(-3.5 * 3_600_000);
  });

  it("follow the profile's 12 or 24 hours", () => {
    const us = new Clock({ language: "en", time_format: "12" });
    expect(us.timeOfDay("2026-11-20T14:00:00+01:00")).toMatch(/^2:00\sPM$/);
    const de = new Clock({ language: "de", time_format: "language" });
    expect(de.timeOfDay("2026-11-20T14:00:00+01:00")).toBe("14:00");
  });

  it("name days as people do, by the lock's calendar", () => {
    // 11:30 in Berlin is already 23:30 in Auckland.
    expect(clock.full("2026-11-21T01:00:00+13:00", NOW)).toBe("tomorrow, 01:00");
    expect(clock.full("2026-11-20T14:00:00+01:00", NOW)).toBe("today, 14:00");
    expect(clock.full("2026-11-19T14:00:00+01:00", NOW)).toBe("yesterday, 14:00");
    expect(clock.full("2026-11-30T14:00:00+01:00", NOW)).toBe("Nov 30, 14:00");
    expect(clock.full("2027-11-30T14:00:00+01:00", NOW)).toBe("Nov 30, 2027, 14:00");
  });

  it("name a day only once", () => {
    const start = "2026-11-20T10:00:00+01:00";
    expect(clock.window(start, "2026-11-20T14:00:00+01:00", NOW)).toBe("today, 10:00 – 14:00");
    expect(clock.window(start, "2026-11-21T14:00:00+01:00", NOW)).toBe(
      "today, 10:00 – tomorrow, 14:00",
    );
  });

  it("are found in texts of the integration, as the card writes them", () => {
    const { clock } = I18N;
    expect(clock.retold("From 2026-11-20 14:00 to the whole hour 2026-11-20 15:00.")).toBe(
      "From Fri, Nov 20, 14:00 to the whole hour Fri, Nov 20, 15:00.",
    );
    expect(clock.retold("It is 2026-11-20 09:05:07; 2026-10-25 02:00 (UTC+02:00) is over.")).toBe(
      "It is Fri, Nov 20, 09:05; Sun, Oct 25, 02:00 (UTC+02:00) is over.",
    );
    expect(clock.retold("Beach House 2026-11-21")).toBe("Beach House 2026-11-21");
  });

  it("tell how far away something is", () => {
    expect(clock.away("2026-11-20T11:50:00+01:00", NOW)).toBe("in 20 minutes");
    expect(clock.away("2026-11-20T14:20:00+01:00", NOW)).toBe("in 2 hours");
    expect(clock.away("2026-11-25T11:00:00+01:00", NOW)).toBe("in 4 days");
    expect(clock.away("2026-11-18T11:00:00+01:00", NOW)).toBe("2 days ago");
  });

  it("tell when the viewer's clock is another", () => {
    const minutes = -new Date(NOW).getTimezoneOffset();
    const sign = minutes < 0 ? "-" : "+";
    const size = Math.abs(minutes);
    const pad = (value: number): string => String(value).padStart(2, "0");
    const own = `${sign}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
    const other = own === "+09:00" ? "+08:00" : "+09:00";
    const wall = new Date(NOW + minutes * 60_000).toISOString().slice(0, 19);
    expect(isOtherClock(`${wall}${own}`)).toBe(false);
    expect(isOtherClock(`${wall}${other}`)).toBe(true);
  });
});

describe("time line", () => {
  it("of a running code shows how much has passed", () => {
    expect(timeline(code(), NOW)).toEqual({
      phase: "running",
      passed: 37.5,
      deadline: null,
      endless: false,
    });
  });

  it("shows the deadline of the first use as long as it is to come", () => {
    const long = code({
      endsAt: "2026-11-24T10:00:00+01:00",
      firstUseBy: "2026-11-21T10:00:00+01:00",
    });
    expect(timeline(long, NOW).deadline).toBe(25);
    expect(timeline(long, NOW - 86_400_000)).toMatchObject({ phase: "before", deadline: 25 });
    expect(timeline(long, NOW + 86_400_000).deadline).toBeNull();
  });

  it("of a code without an end fades away", () => {
    expect(timeline(code({ endsAt: null }), NOW)).toMatchObject({ phase: "running", endless: true });
    expect(timeline(code({ startsAt: null, endsAt: null }), NOW).phase).toBe("unknown");
    expect(timeline(code({ startsAt: null }), NOW)).toMatchObject({ phase: "unknown", passed: 0 });
  });

  it("of a code that is over is full, whatever its window says", () => {
    const used = code({ status: "used", endsAt: "2026-11-21T10:00:00+01:00" });
    expect(timeline(used, NOW)).toMatchObject({ phase: "over", passed: 100 });
    expect(timeline(code(), NOW + 86_400_000).phase).toBe("over");
  });

  it("is never outside of 0 to 100", () => {
    const odd = code({ endsAt: "2026-11-20T10:00:00+01:00" });
    expect(timeline(odd, NOW).passed).toBe(100);
  });
});

describe("lists", () => {
  function many(count: number): Code[] {
    const statuses: Status[] = ["expired", "active", "scheduled", "used", "unconfirmed"];
    return Array.from({ length: count }, (_, index) => {
      // Neither in order nor in the opposite one.
      const hour = (index * 37) % 97;
      const start = new Date(NOW + (hour - 48) * 3_600_000).toISOString();
      const end = new Date(NOW + (hour - 40) * 3_600_000).toISOString();
      return code({
        id: `code-${index}`,
        name: `Guest ${index % 7}`,
        deviceId: index % 2 ? "door" : "gate",
        status: statuses[index % 5] as Status,
        startsAt: start,
        endsAt: end,
      });
    });
  }

  it("of 200 codes have what opens first, by its end, and what is over last", () => {
    const sorted = many(200).sort(byUrgency);
    const rank = (each: Code): number =>
      ["used", "expired"].includes(each.status) ? 2 : each.status === "scheduled" ? 1 : 0;
    for (const [index, next] of sorted.entries()) {
      const before = sorted[index - 1];
      if (!before) continue;
      expect(rank(before)).toBeLessThanOrEqual(rank(next));
      if (rank(before) !== rank(next)) continue;
      const [a, b] = [before.endsAt ?? "", next.endsAt ?? ""];
      if (rank(next) === 2) expect(a >= b).toBe(true);
      else expect(a <= b).toBe(true);
    }
  });

  it("do not depend on the order they arrive in", () => {
    const codes = many(200);
    const ids = (list: Code[]): string[] => [...list].sort(byUrgency).map((each) => each.id);
    expect(ids([...codes].reverse())).toEqual(ids(codes));
  });

  it("are grouped by lock, with locks that have none", () => {
    const groups = group(many(10).filter((each) => each.deviceId === "gate"), LOCKS, null);
    expect(groups.map((each) => [each.lock.name, each.live.length, each.ended.length])).toEqual([
      ["Front Door", 0, 0],
      ["Garden Gate", 3, 2],
    ]);
  });

  it("show one lock when asked for it, and codes whose lock is gone otherwise", () => {
    const gone = code({ deviceId: "shed", lock: "Shed" });
    expect(group([gone, code()], LOCKS, ["door"]).map((each) => each.lock.name)).toEqual([
      "Front Door",
    ]);
    expect(group([gone], LOCKS, null).at(-1)).toMatchObject({ lock: { name: "Shed", kinds: [] } });
  });

  it("can be searched by name and lock", () => {
    const groups = group([code(), code({ id: "b", name: "Cleaner", status: "used" })], LOCKS, null);
    const found = (search: string): string[] =>
      searched(groups, search).flatMap((each) => [...each.live, ...each.ended].map((c) => c.name));
    expect(found(" PLUM")).toEqual(["Plumber"]);
    expect(found("front")).toEqual(["Plumber", "Cleaner"]);
    expect(found("gate")).toEqual([]);
    expect(searched(groups, " ")).toBe(groups);
  });

  it("take one lock or several from the configuration", () => {
    expect(wantedDevices({ type: "x" })).toBeNull();
    expect(wantedDevices({ type: "x", device_id: [] })).toBeNull();
    expect(wantedDevices({ type: "x", device_id: "" })).toBeNull();
    expect(wantedDevices({ type: "x", device_id: "a" })).toEqual(["a"]);
    expect(wantedDevices({ type: "x", device_id: ["a", "b"] })).toEqual(["a", "b"]);
  });

  it("come from the sensors for people who may not ask", () => {
    const hass = fakeHass(false);
    expect(locksFromSensors(hass)).toEqual([
      { deviceId: "door", name: "Front Door", kinds: [], timeZone: null, live: 1 },
      { deviceId: "gate", name: "Garden Gate", kinds: [], timeZone: null, live: 0 },
    ]);
    expect(codesFromSensors(hass)).toEqual([code({ name: "Code Plumber" })]);
    const sensor = hass.states["sensor.front_door_code_plumber"];
    if (sensor) sensor.state = "unavailable";
    expect(codesFromSensors(hass)).toEqual([]);
  });

  it("never hold a PIN", () => {
    const kept = codeFromAnswer(answer({ pin: "489018176" }));
    expect(JSON.stringify(kept)).not.toContain("489018176");
  });
});

describe("new code", () => {
  const draft = newDraft("Guest", ["door"], ["hourly"]);

  it("is for two hours from now when nothing is changed", () => {
    expect(actionFields(draft, NOW)).toEqual({
      device_id: ["door"],
      name: "Guest",
      duration: { hours: 2 },
    });
    expect(isComplete(draft)).toBe(true);
  });

  it.each<[Kind, Record<string, unknown>]>([
    ["daily", { days: 30 }],
    ["one_time", {}],
    ["permanent", {}],
    ["online", { ends_at: "2026-11-20T12:30:00.000Z" }],
  ])("of kind %s has its own fields", (kind, fields) => {
    expect(actionFields({ ...draft, kind }, NOW)).toEqual({
      device_id: ["door"],
      name: "Guest",
      ...fields,
    });
  });

  it("begins and ends on the clock of the lock", () => {
    const later = { ...draft, startAt: "2026-12-04T15:00" };
    expect(actionFields(later, NOW)).toMatchObject({ starts_at: "2026-12-04T15:00:00" });
    const until = { ...later, length: "until", endAt: "2026-12-06T11:00" } as const;
    expect(actionFields(until, NOW)).toEqual({
      device_id: ["door"],
      name: "Guest",
      starts_at: "2026-12-04T15:00:00",
      ends_at: "2026-12-06T11:00:00",
    });
    const online = { ...later, kind: "online", length: 24, pin: "4711" } as const;
    expect(actionFields(online, NOW)).toMatchObject({
      starts_at: "2026-12-04T15:00:00",
      ends_at: "2026-12-05T15:00:00",
      pin: "4711",
    });
    const endless = { ...draft, kind: "online", length: "endless" } as const;
    expect(actionFields(endless, NOW)).toEqual({ device_id: ["door"], name: "Guest" });
  });

  it("is not complete without a lock, a name, an end, or a number of days", () => {
    expect(isComplete({ ...draft, locks: [] })).toBe(false);
    expect(isComplete({ ...draft, name: "  " })).toBe(false);
    expect(isComplete({ ...draft, length: "until" })).toBe(false);
    expect(isComplete({ ...draft, kind: "daily", days: Number.NaN })).toBe(false);
    expect(isComplete({ ...draft, kind: "one_time", length: "until" })).toBe(true);
  });

  it("offers the kinds all chosen locks take", () => {
    expect(commonKinds(LOCKS)).toEqual(["hourly", "one_time", "daily"]);
    expect(commonKinds(LOCKS.slice(1))).toEqual(["hourly", "one_time", "daily", "online"]);
    expect(commonKinds([])).toEqual([]);
  });

  it("suggests times on the clock of the lock", () => {
    expect(fieldValue(NOW, "Europe/Berlin")).toBe("2026-11-20T11:30");
    expect(fieldValue(NOW, "Asia/Kolkata")).toBe("2026-11-20T16:00");
    expect(fieldValue(nextHour(NOW), "Europe/Berlin")).toBe("2026-11-20T12:00");
    expect(fieldValue(Date.parse("2026-11-20T00:10:00Z"), "UTC")).toBe("2026-11-20T00:10");
  });

  it("tells each warning once, what cannot be undone first", () => {
    const rounded = { key: "end_rounded_up", message: "Rounded." };
    const final = { key: "cannot_be_revoked", message: "Not from afar." };
    const answers = [
      answer({ warnings: [rounded, final] }),
      answer({ warnings: [final], error: { key: "x", message: "Full." }, lock: "Gate" }),
    ];
    expect(warningsOf(answers).map((warning) => warning.message)).toEqual([
      "Not from afar.",
      "Gate: Full.",
      "Rounded.",
    ]);
  });
});

describe("message for the guest", () => {
  it("tells lock, PIN, window and how to type it", () => {
    expect(guestMessage(code(), "489018176", I18N)).toBe(
      [
        "Your PIN for Front Door: 489 018 176",
        "It works from Fri, Nov 20, 10:00 to 14:00.",
        "Type it on the keypad, then press the unlock key.",
      ].join("\n"),
    );
  });

  it("tells the deadline of the first use, and that a code opens once", () => {
    const long = code({
      kind: "one_time",
      endsAt: "2026-11-21T10:00:00+01:00",
      firstUseBy: "2026-11-21T10:00:00+01:00",
    });
    const text = guestMessage(long, "1", I18N);
    expect(text).toContain("It opens once, between Fri, Nov 20, 10:00 and Sat, Nov 21, 10:00.");
    expect(text).toContain("at least once before Sat, Nov 21, 10:00;");
  });

  it("does not promise an end or a start that is not there", () => {
    expect(guestMessage(code({ endsAt: null }), "1", I18N)).toContain("works from Fri, Nov 20");
    expect(guestMessage(code({ startsAt: null }), "1", I18N)).toContain("works until Fri");
    const neither = guestMessage(code({ startsAt: null, endsAt: null }), "1", I18N);
    expect(neither).not.toContain("works");
  });
});

describe("after removing", () => {
  it.each([
    [{ still_opens: false, still_opens_until: null, certain: true }, true, "remove.done_gone"],
    [{ still_opens: true, still_opens_until: null, certain: false }, true, "remove.done_deleting"],
    [{ still_opens: true, still_opens_until: null, certain: true }, false, "remove.done_opens"],
    [{ still_opens: true, still_opens_until: "x", certain: true }, false, "remove.done_opens_until"],
    [{ still_opens: true, still_opens_until: null, certain: false }, false, "remove.done_may_open"],
    [
      { still_opens: true, still_opens_until: "x", certain: false },
      false,
      "remove.done_may_open_until",
    ],
  ])("%o is told as it is", (result, deleted, key) => {
    expect(outcomeKey(result, deleted)).toBe(key);
  });
});
