/**
 * The script of the page: Vega as it is published, then our own, bundled by the tool with which tsx
 * runs the rest of the project.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import vegaPackage from "vega/package.json" with { type: "json" };

const require = createRequire(import.meta.url);
let made: string | undefined;

/** Safe to stand between script tags. */
export function pageScript(): string {
  made ??= safeInScript(`${vegaScript()}\n${ownScript()}`);
  return made;
}

/** As a content security policy names a script that may run. */
export function sha256Source(script: string): string {
  return `'sha256-${createHash("sha256").update(script).digest("base64")}'`;
}

function vegaScript(): string {
  const file = require.resolve("vega/build/vega.min.js");
  // Without its address no tool asks for the map of the source, which is not beside the page.
  const code = readFileSync(file, "utf8").replace(/\n?\/\/# sourceMappingURL=\S*\s*$/, "");
  return `/*! Vega ${vegaPackage.version}\n\n${licenses()}\n*/\n${code}`;
}

/** Of Vega, whose published file holds D3 too; both ask to be reproduced with it. */
function licenses(): string {
  const fromVega = createRequire(require.resolve("vega/package.json"));
  return ["vega-view", "d3-array"]
    .map((name) => join(dirname(fromVega.resolve(name)), "..", "LICENSE"))
    .map((path) => readFileSync(path, "utf8").trim().replaceAll("*/", ""))
    .join("\n\n");
}

function ownScript(): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL("./page/main.ts", import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    logLevel: "silent",
  });
  return outputFiles[0].text;
}

/** A script ends at the first `</script`, and `<!--` starts a comment, also inside a string. */
export function safeInScript(code: string): string {
  return code.replace(/<(?=\/script|!--)/gi, "\\x3c");
}
