/** Every link from one document of the project to another leads somewhere. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const documents = [
  ...readdirSync(root),
  ...readdirSync(join(root, "docs"), { recursive: true }).map((name) => join("docs", `${name}`)),
].filter((name) => name.endsWith(".md"));

const textOf = (document: string) =>
  readFileSync(join(root, document), "utf8").replace(/```.*?```/gs, "");

/** As the places where documents are read name them. */
const anchorsOf = (document: string) =>
  [...textOf(document).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-"),
  );

test.each(documents)("%s", (document) => {
  const broken = [...textOf(document).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link)
    .filter((link) => {
      if (link.startsWith("https:")) return false;
      const [path, anchor] = link.split("#");
      const target = path === "" ? document : normalize(join(dirname(document), path));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
  expect(broken).toEqual([]);
});
