/** The texts of the card. English is built in, other languages come from Home Assistant. */
import en from "./lang/en.json";
import { Clock } from "./time";
import type { Hass, HassLocale } from "./types";

export type Key = keyof typeof en;
type Values = Record<string, string | number>;
/** Texts that exist for one and for many of something. */
export type CountedKey = Key extends infer K ? (K extends `${infer B}_other` ? B : never) : never;

export const LANGUAGES = ["de", "es", "fr", "it", "ja", "nl", "pt-BR", "zh-Hans"] as const;
type Language = (typeof LANGUAGES)[number];
type Strings = Partial<Record<Key, string>>;

const CLOSEST: Record<string, Language> = {
  pt: "pt-BR",
  "pt-PT": "pt-BR",
  "zh-CN": "zh-Hans",
  "zh-SG": "zh-Hans",
};

/** Return which of our languages a person reads best, null for English. */
export function languageFile(language: string): Language | null {
  const known = (name: string): Language | undefined =>
    LANGUAGES.find((each) => each === name) ?? CLOSEST[name];
  return known(language) ?? known(language.split("-")[0] ?? "") ?? null;
}

const loaded = new Map<Language, Strings>();
const loading = new Map<Language, Promise<void>>();

/** Load the texts of a language once; what cannot be loaded stays English. */
export function loadLanguage(language: string): Promise<void> {
  const name = languageFile(language);
  if (name === null) return Promise.resolve();
  let promise = loading.get(name);
  if (!promise) {
    promise = fetchStrings(name)
      .then((strings) => void loaded.set(name, strings))
      .catch(() => void loading.delete(name));
    loading.set(name, promise);
  }
  return promise;
}

async function fetchStrings(name: Language): Promise<Strings> {
  // Beside the module, with the version the module was asked for.
  const module = new URL(import.meta.url);
  const answer = await fetch(new URL(`lang/${name}.json${module.search}`, module));
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()) as Strings;
}

export class I18n {
  readonly clock: Clock;
  private readonly strings: Strings;
  private readonly plurals: Intl.PluralRules;

  constructor(
    readonly language: string,
    locale: HassLocale,
  ) {
    const name = languageFile(language);
    this.strings = (name && loaded.get(name)) || {};
    this.clock = new Clock(locale);
    this.plurals = new Intl.PluralRules(name && loaded.has(name) ? language : "en");
  }

  t(key: Key, values: Values = {}): string {
    const text = this.strings[key] ?? en[key];
    return text.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
  }

  /** Return the text for a number of things, which is also its `{count}`. */
  n(key: CountedKey, count: number): string {
    const one = this.plurals.select(count) === "one";
    return this.t(`${key}_${one ? "one" : "other"}` as Key, { count });
  }
}

const BROWSER = typeof navigator === "undefined" ? "en" : navigator.language;

/** Return the texts for a person, with what is loaded by now. */
export function i18nFor(hass: Hass | undefined): I18n {
  const language = hass?.locale?.language || hass?.language || BROWSER;
  try {
    return new I18n(language, hass?.locale ?? { language });
  } catch {
    // No browser knows this language.
    return new I18n("en", { language: "en" });
  }
}
