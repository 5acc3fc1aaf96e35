import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { I18n, LANGUAGES, i18nFor, languageFile, loadLanguage } from "../src/i18n";
import en from "../src/lang/en.json";
import { STATUSES } from "../src/types";
import { LOCALE, fakeHass } from "./samples";

const FOLDER = join(import.meta.dirname, "..");

type Strings = Record<string, string>;

function read(language: string): Strings {
  return JSON.parse(readFileSync(join(FOLDER, `public/lang/${language}.json`), "utf8")) as Strings;
}

function holes(text: string): string[] {
  return [...text.matchAll(/\{\w+\}/g)].map((found) => found[0]).sort();
}

afterEach(() => vi.unstubAllGlobals());

describe.each(LANGUAGES)("%s", (language) => {
  const strings = read(language);

  it("has the keys of English, in their order, and no empty text", () => {
    expect(Object.keys(strings)).toEqual(Object.keys(en));
    expect(Object.values(strings).every((text) => text.trim() !== "")).toBe(true);
  });

  it("has the placeholders of English", () => {
    for (const [key, text] of Object.entries(en)) {
      expect([key, holes(strings[key] ?? "")]).toEqual([key, holes(text)]);
    }
  });

  it("is a translation", () => {
    const same = Object.entries(en).filter(([key, text]) => strings[key] === text);
    expect(same.map(([key]) => key).length).toBeLessThan(12);
    for (const name of ["algoPIN", "Home Assistant", "igloohome", "Seam"]) {
      for (const [key, text] of Object.entries(en)) {
        if (text.includes(name)) expect([key, strings[key]?.includes(name)]).toEqual([key, true]);
      }
    }
  });
});

it("has a file for each language and no other", () => {
  const files = readdirSync(join(FOLDER, "public/lang")).sort();
  expect(files).toEqual([...LANGUAGES].map((name) => `${name}.json`).sort());
});

it("uses every text, and has one for every status, kind and origin", () => {
  const sources = readdirSync(join(FOLDER, "src"))
    .filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(join(FOLDER, "src", name), "utf8"))
    .join("\n");
  const patterns = [/^status\.\w+(\.long)?$/, /^kind\.\w+(\.hint)?$/, /^origin\.\w+$/];
  for (const key of Object.keys(en)) {
    const asked = key.replace(/_(one|other)$/, "");
    const used =
      sources.includes(`"${key}"`) ||
      sources.includes(`"${asked}"`) ||
      key.startsWith("editor.") ||
      patterns.some((pattern) => pattern.test(key));
    expect([key, used]).toEqual([key, true]);
  }
  for (const status of STATUSES) {
    expect(en).toHaveProperty([`status.${status}`]);
    expect(en).toHaveProperty([`status.${status}.long`]);
  }
});

describe("choosing a language", () => {
  it.each([
    ["de", "de"],
    ["de-CH", "de"],
    ["es-419", "es"],
    ["pt-BR", "pt-BR"],
    ["pt", "pt-BR"],
    ["zh-Hans", "zh-Hans"],
    ["zh-CN", "zh-Hans"],
    ["zh-Hant", null],
    ["en-GB", null],
    ["sv", null],
  ])("%s reads %s", (language, file) => {
    expect(languageFile(language)).toBe(file);
  });

  it("falls back to English where the browser knows no such language", () => {
    const hass = { ...fakeHass(), language: "x_y", locale: { language: "x_y" } };
    expect(i18nFor(hass).t("card.new")).toBe("New code");
  });

  it("counts", () => {
    const i18n = new I18n("en", LOCALE);
    expect(i18n.n("card.ended", 1)).toBe("1 ended code");
    expect(i18n.n("card.ended", 2)).toBe("2 ended codes");
  });

  it("asks Home Assistant for a language once, beside the module and with its version", async () => {
    const asked: string[] = [];
    const fetched = vi.fn(async (url: URL) => {
      asked.push(url.href);
      return { ok: true, json: async () => ({ "card.new": "Neuer Code" }) };
    });
    vi.stubGlobal("fetch", fetched);
    await Promise.all([loadLanguage("de"), loadLanguage("de-AT"), loadLanguage("en")]);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/\/lang\/de\.json/);
    const i18n = i18nFor({ ...fakeHass(), language: "de", locale: { language: "de" } });
    expect(i18n.t("card.new")).toBe("Neuer Code");
    // What a file lacks is English.
    expect(i18n.t("new.cancel")).toBe("Cancel");
  });

  it("stays English when a file does not come, and tries again later", async () => {
    const fetched = vi.fn(async () => ({ ok: false, status: 404 }));
    vi.stubGlobal("fetch", fetched);
    await loadLanguage("fr");
    await loadLanguage("fr");
    expect(fetched).toHaveBeenCalledTimes(2);
    expect(new I18n("fr", LOCALE).t("card.new")).toBe("New code");
  });
});
