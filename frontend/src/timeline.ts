/** Where a code is in its window: numbers for the bar, in percent of the window. */
import { moment } from "./time";
import type { Code } from "./types";

export type Phase = "before" | "running" | "over" | "unknown";

export interface Timeline {
  phase: Phase;
  /** How much of the window has passed, 0 to 100. */
  passed: number;
  /** Where the deadline of the first use lies, null where it plays no part any more. */
  deadline: number | null;
  /** Whether the window has no end. */
  endless: boolean;
}

/** A code without an end is drawn as if it lasted this much longer. */
const ENDLESS = 0.35;

const ENDED: readonly string[] = ["used", "expired", "failed"];

export function isEnded(code: Pick<Code, "status">): boolean {
  return ENDED.includes(code.status);
}

function share(part: number, whole: number): number {
  return whole <= 0 ? 100 : Math.min(100, Math.max(0, (part / whole) * 100));
}

/** Return the bar of a code at a moment (milliseconds). */
export function timeline(code: Code, now: number): Timeline {
  const start = code.startsAt === null ? null : moment(code.startsAt);
  const end = code.endsAt === null ? null : moment(code.endsAt);
  const by = code.firstUseBy === null ? null : moment(code.firstUseBy);
  const pending = by !== null && now < by;
  if (isEnded(code)) {
    return { phase: "over", passed: 100, deadline: null, endless: false };
  }
  if (start !== null && now < start) {
    const deadline = by === null || end === null ? null : share(by - start, end - start);
    return { phase: "before", passed: 0, deadline, endless: end === null };
  }
  if (end === null) {
    return {
      phase: start === null ? "unknown" : "running",
      passed: ENDLESS * 100,
      deadline: null,
      endless: true,
    };
  }
  if (start === null) return { phase: "unknown", passed: 0, deadline: null, endless: false };
  return {
    phase: now >= end ? "over" : "running",
    passed: share(now - start, end - start),
    deadline: pending ? share(by - start, end - start) : null,
    endless: false,
  };
}
