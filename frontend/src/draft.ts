/** What is being asked for in "New code", and the fields of the action that makes it. */
import type { Kind, Lock } from "./types";

const HOUR = 3_600_000;

export type Length = number | "until" | "endless";

export interface Draft {
  kind: Kind;
  name: string;
  locks: string[];
  /** Empty: now. Else the value of a date and time field, on the clock of the lock. */
  startAt: string;
  /** Hours of an hourly or online code. */
  length: Length;
  endAt: string;
  days: number;
  /** Whether the number of days is typed. */
  daysTyped: boolean;
  pin: string;
}

export const HOURS = [1, 2, 4, 8, 24] as const;
export const ONLINE_HOURS = [2, 24, 168] as const;
export const DAYS = [30, 90, 365] as const;
export const DEFAULT_HOURS = 2;
export const DEFAULT_DAYS = 30;

const KINDS: readonly Kind[] = ["hourly", "one_time", "daily", "permanent", "online"];

/** Return the kinds all chosen locks take, in the order they are offered. */
export function commonKinds(locks: Lock[]): Kind[] {
  if (locks.length === 0) return [];
  return KINDS.filter((kind) => locks.every((lock) => lock.kinds.includes(kind)));
}

/** Return a new draft: now, for two hours. */
export function newDraft(name: string, locks: string[], kinds: Kind[]): Draft {
  return {
    kind: kinds[0] ?? "hourly",
    name,
    locks,
    startAt: "",
    length: DEFAULT_HOURS,
    endAt: "",
    days: DEFAULT_DAYS,
    daysTyped: false,
    pin: "",
  };
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

/** Return what a date and time field shows for a moment on the clock of a zone. */
export function fieldValue(at: number, timeZone: string | null): string {
  const format = new Intl.DateTimeFormat("en-US", {
    ...(timeZone === null ? {} : { timeZone }),
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map((p) => [p.type, p.value]));
  return `${parts["year"]}-${parts["month"]}-${parts["day"]}T${parts["hour"]}:${parts["minute"]}`;
}

/** Return the whole hour after a moment, plus some hours. */
export function nextHour(now: number, more = 0): number {
  return (Math.floor(now / HOUR) + 1 + more) * HOUR;
}

/** Return a date and time field some hours later, on the face of the same clock. */
function later(field: string, hours: number): string {
  const end = new Date(Date.parse(`${field}:00Z`) + hours * HOUR);
  const date = `${end.getUTCFullYear()}-${pad(end.getUTCMonth() + 1)}-${pad(end.getUTCDate())}`;
  return `${date}T${pad(end.getUTCHours())}:${pad(end.getUTCMinutes())}`;
}

/** Return whether nothing is missing. */
export function isComplete(draft: Draft): boolean {
  const timed = draft.kind === "hourly" || draft.kind === "online";
  return (
    draft.locks.length > 0 &&
    draft.name.trim() !== "" &&
    !(timed && draft.length === "until" && draft.endAt === "") &&
    !(draft.kind === "daily" && !Number.isInteger(draft.days))
  );
}

/** Return the fields of the action that makes the code. */
export function actionFields(draft: Draft, now: number): Record<string, unknown> {
  const fields: Record<string, unknown> = {
    device_id: draft.locks,
    name: draft.name.trim(),
  };
  if (draft.startAt !== "") fields["starts_at"] = `${draft.startAt}:00`;
  const hours = typeof draft.length === "number" ? draft.length : null;
  if (draft.kind === "daily") fields["days"] = draft.days;
  if (draft.kind === "hourly" || draft.kind === "online") {
    if (draft.length === "until") fields["ends_at"] = `${draft.endAt}:00`;
  }
  if (draft.kind === "hourly" && hours !== null) fields["duration"] = { hours };
  if (draft.kind === "online") {
    if (hours !== null) {
      fields["ends_at"] =
        draft.startAt === ""
          ? new Date(now + hours * HOUR).toISOString()
          : `${later(draft.startAt, hours)}:00`;
    }
    if (draft.pin !== "") fields["pin"] = draft.pin;
  }
  return fields;
}
