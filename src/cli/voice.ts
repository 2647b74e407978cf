import { finiteJson } from "../report/json-records.js";

/** What the user of a long command hears: text, one JSON object per event, or errors only. */
export class Voice<Event extends object> {
  /** True where text is wanted. */
  protected readonly text: boolean;

  constructor(readonly args: { readonly quiet: boolean; readonly json: boolean }) {
    this.text = !args.quiet && !args.json;
  }

  say(text: string): void {
    if (this.text) process.stdout.write(`${text}\n`);
  }

  warn(text: string): void {
    if (!this.args.quiet) process.stderr.write(`${text}\n`);
  }

  tell(event: Event): void {
    if (this.args.json) process.stdout.write(`${JSON.stringify(event, finiteJson)}\n`);
  }
}
