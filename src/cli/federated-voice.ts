/**
 * What the user of a federated run hears: text, one JSON object per event, or errors only.
 */
import type { StoredCourse } from "../federated/course.js";
import type { CourseName, RoundRecord } from "../federated/history.js";
import type { FederatedHeader, FederatedResult } from "../federated/results.js";
import { coursesOf, type PreparedFederated } from "../federated/study.js";
import { counted, grouped, percent } from "../report/wording.js";
import { describePoint } from "../scenario/load.js";
import { type Display, openDisplay } from "./progress.js";
import { Voice } from "./voice.js";

/** What `--json` prints, one object a line. */
type FederatedEvent =
  | {
      readonly event: "start";
      readonly at: string;
      readonly title: string;
      readonly folder: string;
      readonly pid: number;
      readonly trainings: number;
      readonly rounds: number;
      readonly workers: number;
    }
  | ({ readonly event: "round"; readonly receiver: string } & Omit<CourseName, "receiver"> &
      RoundRecord)
  | {
      readonly event: "end";
      readonly complete: boolean;
      readonly folder: string;
      readonly files: readonly string[];
      readonly notes: readonly string[];
    };

export interface RoundProgress {
  /** A training that an earlier session has begun. */
  resume(name: CourseName, course: StoredCourse): void;
  round(name: CourseName, course: StoredCourse): void;
  stop(): void;
}

export class FederatedVoice extends Voice<FederatedEvent> {
  start(prepared: PreparedFederated, header: FederatedHeader, folder: string): RoundProgress {
    const { plan, benches, workers } = prepared;
    const trainings = coursesOf(plan).length;
    const { title, rounds } = header;
    const at = new Date().toISOString();
    this.tell({ event: "start", at, title, folder, pid: process.pid, trainings, rounds, workers });
    const [bench] = benches.values();
    this.say(
      `${title}: ${counted(trainings, "training")} of up to ${counted(rounds, "round")}, ${grouped(bench.travelling.size)} of ` +
        `${grouped(bench.whole.size)} numbers of ${bench.modelName} over the uplink, ${bench.runtime}, ${counted(workers, "worker")}`,
    );
    const wanted = coursesOf(plan).reduce(
      (sum, { point }) => sum + plan.points[point].settings.training.rounds,
      0,
    );
    let done = 0;
    const display: Display | undefined = this.text
      ? openDisplay({ done, wanted }, "rounds")
      : undefined;
    const nameOf = ({ point, trial, receiver }: CourseName) =>
      [describePoint(plan.points[point]), `trial ${trial}`, header.receivers[point][receiver]]
        .filter((part) => part !== "")
        .join(", ");
    // Rounds that are counted already, by training: one that has diverged ends all of its rounds at once.
    const counts = new Map<string, number>();
    const count = (name: CourseName, { records }: StoredCourse) => {
      const key = JSON.stringify(name);
      const { round } = records.at(-1)!;
      done += round - (counts.get(key) ?? 0);
      counts.set(key, round);
    };
    return {
      resume: count,
      round: (name, course) => {
        count(name, course);
        const record = course.records.at(-1)!;
        const { receiver, ...where } = name;
        const label = header.receivers[name.point][receiver];
        this.tell({ event: "round", receiver: label, ...where, ...record });
        const { accuracy } = course.records.findLast((r) => r.accuracy !== undefined)!;
        const { rounds: own } = plan.points[name.point].settings.training;
        const found = `${nameOf(name)}: ${percent(accuracy!, 1)} %`;
        display?.update({ done, wanted }, `round ${record.round}/${own} of ${found}`);
        if (record.round === own) display?.log(`${found} after ${counted(own, "round")}`);
      },
      stop: () => display?.stop(),
    };
  }

  end(
    { complete, notes }: FederatedResult,
    folder: string,
    files: readonly string[],
    table: string,
    took: string,
  ): void {
    this.tell({ event: "end", complete, folder, files, notes });
    this.say(`\n${table}`);
    for (const note of notes) this.say(`note: ${note}`);
    this.say(`${complete ? "done" : "stopped"} after ${took}; in ${folder}:`);
    for (const file of files) this.say(`  ${file}`);
  }
}
