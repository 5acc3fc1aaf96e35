/** PINs as people read them: in groups on the screen, digit by digit aloud. */

/** Return the digits in groups of three or four, the longer ones last. */
export function grouped(pin: string): string {
  const length = pin.length;
  if (length < 5) return pin;
  const threes = { 0: length / 3, 1: (length - 4) / 3, 2: (length - 8) / 3 }[length % 3] ?? 0;
  if (threes < 0) return `${pin.slice(0, 2)} ${pin.slice(2)}`;
  const groups: string[] = [];
  let at = 0;
  while (at < length) {
    const size = groups.length < threes ? 3 : 4;
    groups.push(pin.slice(at, at + size));
    at += size;
  }
  return groups.join(" ");
}

/** Return the digits one by one, so that a screen reader does not say a number. */
export function spoken(pin: string): string {
  return [...pin].join(" ");
}
