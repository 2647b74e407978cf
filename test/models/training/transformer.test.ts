import { expect, test } from "vitest";
import { RandomSource } from "../../../src/kernel/index.js";
import { openTrainer } from "../../../src/models/training/onnx-trainer.js";
import { transformerText } from "../../../src/models/zoo/transformer-text.js";

test.each(["mean", "first"])(
  "transformer-text, pooling %s: along each tensor's gradient the loss changes as it says",
  async (pooling) => {
    const [tokens, batch, vocabulary] = [7, 4, 20];
    const random = new RandomSource(3);
    const params = transformerText.params.parse({
      vocabulary,
      width: 8,
      heads: 2,
      feedForward: 12,
      dropout: 0,
      pooling,
    });
    const task = { example: [tokens], classes: 3 };
    const trainer = await openTrainer(transformerText.build(params, task, random), {
      batch,
      loss: { name: "cross-entropy" },
      optimizer: { name: "sgd", momentum: 0 },
      threads: 1,
      seed: 1,
    });
    const draw = random.stream("texts");
    const texts = BigInt64Array.from({ length: batch * tokens }, () =>
      BigInt(draw.integer(vocabulary)),
    );
    const mask = BigInt64Array.from(texts, (_, k) => (k % tokens < 5 ? 1n : 0n));
    const inputs = [
      { name: "input_ids", data: texts, shape: [tokens] },
      { name: "attention_mask", data: mask, shape: [tokens] },
    ];
    const labels = Int32Array.of(0, 2, 1, 2);
    const lossNow = async () => (await trainer.step(inputs, labels, 0)).loss;

    const parameters = trainer.tensors.filter(({ role }) => role === "parameter");
    const before = new Map(parameters.map(({ name }) => [name, trainer.read(name).slice()]));
    await trainer.step(inputs, labels, 1);
    const gradients = parameters.map(({ name }) => {
      const now = trainer.read(name);
      return { name, gradient: before.get(name)!.map((w, k) => w - now[k]!) };
    });
    for (const [name, values] of before) trainer.write(name, values);
    const step = 0.01;
    for (const { name, gradient } of gradients) {
      const length = Math.hypot(...gradient);
      const lossAt = async (distance: number) => {
        const values = before.get(name)!;
        trainer.write(
          name,
          values.map((w, k) => w + (distance * gradient[k]!) / length),
        );
        const loss = await lossNow();
        trainer.write(name, values);
        return loss;
      };
      const slope = ((await lossAt(step)) - (await lossAt(-step))) / (2 * step);
      // Curvature over the step, and 24 bits of a loss of about 1.
      expect(Math.abs(slope - length), `${name}: ${slope}, ${length}`).toBeLessThan(
        0.01 * length + 3e-5,
      );
    }
    expect(parameters.length).toBe(30);
    await trainer.close();
  },
);
