/**
 * Times as the lock's own clock shows them.
 *
 * Answers and attributes are ISO text with the offset of that moment at the lock. The
 * digits in the text are what its clock shows; the browser's own zone plays no part.
 */
import type { HassLocale } from "./types";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Return the moment in milliseconds. */
export function moment(iso: string): number {
  return Date.parse(iso);
}

/** Return what the clock of the lock shows, as a date whose UTC fields are to be read. */
function wall(iso: string): Date {
  return new Date(`${iso.slice(0, 19)}Z`);
}

/** Return the offset from UTC that the text carries, in milliseconds. */
export function offsetOf(iso: string): number {
  return wall(iso).getTime() - Math.floor(moment(iso) / 1000) * 1000;
}

function hour12(locale: HassLocale): boolean | undefined {
  if (locale.time_format === "12") return true;
  if (locale.time_format === "24") return false;
  return undefined;
}

/** Return the language to format in; `system` is the one of the browser. */
function languageOf(locale: HassLocale): string | undefined {
  return locale.time_format === "system" ? undefined : locale.language;
}

export class Clock {
  private readonly time: Intl.DateTimeFormat;
  private readonly dayNear: Intl.DateTimeFormat;
  private readonly dayLong: Intl.DateTimeFormat;
  private readonly dayFar: Intl.DateTimeFormat;
  private readonly relative: Intl.RelativeTimeFormat;

  constructor(locale: HassLocale) {
    const twelve = hour12(locale);
    this.time = new Intl.DateTimeFormat(languageOf(locale), {
      timeZone: "UTC",
      hour: "numeric",
      minute: "2-digit",
      ...(twelve === undefined ? {} : { hour12: twelve }),
    });
    const day = { timeZone: "UTC", day: "numeric", month: "short" } as const;
    this.dayNear = new Intl.DateTimeFormat(locale.language, day);
    this.dayLong = new Intl.DateTimeFormat(locale.language, { ...day, weekday: "short" });
    this.dayFar = new Intl.DateTimeFormat(locale.language, { ...day, year: "numeric" });
    this.relative = new Intl.RelativeTimeFormat(locale.language, { numeric: "auto" });
  }

  /** Return the time of day, as 14:00 or 2:00 PM. */
  timeOfDay(iso: string): string {
    return this.time.format(wall(iso));
  }

  /** Return the day: today, tomorrow, 20 Nov, or with the year when far away. */
  day(iso: string, now: number): string {
    const shown = wall(iso);
    const today = new Date(now + offsetOf(iso));
    const days = Math.floor(shown.getTime() / DAY) - Math.floor(today.getTime() / DAY);
    if (Math.abs(days) <= 1) return this.relative.format(days, "day");
    return (Math.abs(days) < 180 ? this.dayNear : this.dayFar).format(shown);
  }

  /** Return day and time. */
  full(iso: string, now: number): string {
    return `${this.day(iso, now)}, ${this.timeOfDay(iso)}`;
  }

  /** Return date and time, without words that are wrong tomorrow. */
  dated(iso: string): string {
    const shown = wall(iso);
    const near = Math.abs(shown.getTime() - Date.now()) < 180 * DAY;
    return `${(near ? this.dayLong : this.dayFar).format(shown)}, ${this.timeOfDay(iso)}`;
  }

  /** Return a text with the times in it, as the integration writes them, as `dated`. */
  retold(text: string): string {
    return text.replace(/(\d{4}-\d\d-\d\d) (\d\d:\d\d)(:\d\d)?/g, (_time, day, time) =>
      this.dated(`${day}T${time}`),
    );
  }

  /** Return the end of a window as `dated`, without the day if it is that of the start. */
  datedEnd(start: string, end: string): string {
    return start.slice(0, 10) === end.slice(0, 10) ? this.timeOfDay(end) : this.dated(end);
  }

  /** Return a window, naming a day only once. */
  window(start: string, end: string, now: number): string {
    const same = start.slice(0, 10) === end.slice(0, 10);
    return `${this.full(start, now)} – ${same ? this.timeOfDay(end) : this.full(end, now)}`;
  }

  /** Return how far a moment is from now, as "in 3 hours". */
  away(iso: string, now: number): string {
    const left = moment(iso) - now;
    const size = Math.abs(left);
    const whole = (unit: number): number => Math.trunc(left / unit);
    if (size < HOUR) return this.relative.format(Math.round(left / MINUTE), "minute");
    if (size < 2 * DAY) return this.relative.format(whole(HOUR), "hour");
    return this.relative.format(whole(DAY), "day");
  }
}

/** Return whether the viewer's clock differs from the clock of the lock. */
export function isOtherClock(iso: string): boolean {
  return offsetOf(iso) !== -new Date(moment(iso)).getTimezoneOffset() * MINUTE;
}
