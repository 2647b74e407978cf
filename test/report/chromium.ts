/**
 * Opens pages as a reader does, from a file, in a headless Chromium of the machine: `CHROMIUM` names it,
 * else it is found on the path. All that a page says or asks for is recorded.
 */
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Path of the browser; undefined where there is none. */
export const chromiumPath =
  process.env.CHROMIUM ||
  (process.env.PATH ?? "")
    .split(delimiter)
    .flatMap((folder) =>
      ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)),
    )
    .find(isExecutable);

export const noChromium =
  "no Chromium on this machine (apt-get install chromium, or set CHROMIUM to its path)";

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface OpenPage {
  readonly page: Page;
  /** Everything on the console, and every uncaught error. */
  readonly said: string[];
  /** Addresses that the page asked for, its own file left out. */
  readonly asked: string[];
}

export class Reader {
  readonly #folder = mkdtempSync(join(tmpdir(), "weightlink-page-"));
  #pages = 0;

  private constructor(readonly browser: Browser) {}

  static async start(): Promise<Reader> {
    const browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: ["--headless", "--no-sandbox", "--disable-gpu"],
    });
    return new Reader(browser);
  }

  async open(html: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
    const path = join(this.#folder, `page-${++this.#pages}.html`);
    writeFileSync(path, html);
    const own = pathToFileURL(path).href;
    const context = await this.browser.newContext({
      viewport: { width: 1000, height: 800 },
      ...options,
    });
    context.setDefaultTimeout(10_000);
    const [said, asked]: [string[], string[]] = [[], []];
    await context.route("**/*", async (route) => {
      const url = route.request().url();
      if (url === own) return route.continue();
      asked.push(url);
      return route.abort();
    });
    const page = await context.newPage();
    page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => said.push(`uncaught: ${error.message}`));
    await page.goto(own);
    return { page, said, asked };
  }

  async close(): Promise<void> {
    await this.browser.close();
    rmSync(this.#folder, { recursive: true });
  }
}
