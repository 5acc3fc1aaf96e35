/** Hand a PIN on: a ready message, the clipboard, the share sheet of the phone. */
import type { I18n } from "./i18n";
import { grouped } from "./pin";
import type { Code } from "./types";

/** Return the message for a guest. Its language is that of who sends it. */
export function guestMessage(code: Code, pin: string, i18n: I18n): string {
  const { clock } = i18n;
  const start = code.startsAt && clock.dated(code.startsAt);
  const end =
    code.endsAt &&
    (code.startsAt ? clock.datedEnd(code.startsAt, code.endsAt) : clock.dated(code.endsAt));
  const lines = [i18n.t("message.pin", { lock: code.lock, pin: grouped(pin) })];
  if (start && end) {
    const key = code.kind === "one_time" ? "message.once" : "message.window";
    lines.push(i18n.t(key, { start, end }));
  } else if (start) {
    lines.push(i18n.t("message.from", { start }));
  } else if (end) {
    lines.push(i18n.t("message.until", { end }));
  }
  if (code.firstUseBy) {
    lines.push(i18n.t("message.first_use", { by: clock.dated(code.firstUseBy) }));
  }
  lines.push(i18n.t("message.enter"));
  return lines.join("\n");
}

/** Return whether this browser has a share sheet; it needs a secure connection. */
export function canShare(): boolean {
  return typeof navigator.share === "function";
}

/** Offer the share sheet; a person who closes it again has made no error. */
export async function share(text: string): Promise<void> {
  try {
    await navigator.share({ text });
  } catch (error) {
    if ((error as DOMException).name !== "AbortError") throw error;
  }
}

/**
 * Copy a text, also where the page has no secure connection and therefore no clipboard.
 * The helping field is put into `near`, because a modal dialog lets nothing outside be
 * focused.
 */
export async function copy(text: string, near: ParentNode & Node): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not allowed here; the old way may be.
    }
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.style.cssText = "position:fixed;opacity:0;inset:0 auto auto 0";
  near.append(field);
  const before = (near.getRootNode() as Document | ShadowRoot).activeElement;
  try {
    field.select();
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    field.remove();
    (before as HTMLElement | null)?.focus();
  }
}
