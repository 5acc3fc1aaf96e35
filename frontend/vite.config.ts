import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

const FOLDER = import.meta.dirname;

/** A hash of what the bundle is made from; a test compares it with the committed one. */
function sourceHash(): string {
  const hash = createHash("sha256");
  const files = readdirSync(join(FOLDER, "src"), { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => /\.(ts|json)$/.test(path))
    .sort();
  for (const path of files) {
    hash.update(path).update(readFileSync(join(FOLDER, "src", path)));
  }
  hash.update(readFileSync(join(FOLDER, "package-lock.json")));
  return hash.digest("hex").slice(0, 16);
}

/** Styles and markup need no line breaks and indentation in the bundle. */
function squeeze(): Plugin {
  const styles = (text: string): string =>
    text
      .replace(/\/\*.*?\*\//gs, "")
      .replace(/\s+/g, " ")
      .replace(/ ?([{};,>]) ?/g, "$1")
      .replace(/: |\( | (?=\))/g, (found) => found.trim())
      .replace(/(?<=[ (,:])0(?=\.\d)/g, "")
      .replace(/;}/g, "}");
  return {
    name: "squeeze-templates",
    enforce: "pre",
    transform(code, id) {
      if (!id.startsWith(join(FOLDER, "src")) || !id.endsWith(".ts")) return null;
      const squeezed = code
        .replace(/(?<=\bcss`)[^`]*(?=`)/g, styles)
        // Between blocks; beside words a line break is a blank that is seen.
        .replace(/>\s+(?=<\/?(?:div|section|ul|li|dl|dt|dd|p|h2|h3|fieldset|details|ha-card)\b)/g, ">")
        // The end of a tag; before a slash it would become part of an attribute.
        .replace(/\n\s+(?=>)/g, "")
        .replace(/\n\s+/g, "\n");
      return { code: squeezed, map: null };
    },
  };
}

export default defineConfig({
  publicDir: "public",
  plugins: [squeeze()],
  build: {
    outDir: "../custom_components/igloohome_access/www",
    emptyOutDir: true,
    target: "es2022",
    sourcemap: false,
    lib: {
      entry: "src/main.ts",
      formats: ["es"],
      fileName: () => "igloohome-access-card.js",
    },
    rolldownOptions: {
      output: {
        // Vite keeps line breaks in libraries, for those who bundle them again.
        minify: {
          codegen: true,
          compress: true,
          mangle: true,
          mangleProps: {
            // Names of our own that neither a string nor anybody else refers to.
            include: /^(render[A-Z]\w*|startsAt|endsAt|firstUseBy|deviceId|notLoaded)$/,
            exclude: /^render(Root|Before|Options)$/,
          },
        },
        comments: false,
        postBanner:
          "/*! igloohome Access card, MIT, with Lit, (c) Google LLC, BSD-3-Clause; " +
          `sources ${sourceHash()} */`,
      },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
  },
} as Parameters<typeof defineConfig>[0]);
