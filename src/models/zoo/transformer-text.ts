/**
 * A small transformer encoder that classifies texts.
 *
 *   x = E_token[input_ids] + E_position          [batch, tokens, width]
 *   x = x + attention(norm1(x))                  `layers` times, the norms first ("pre-norm")
 *   x = x + linear2(gelu(linear1(norm2(x))))
 *   scores = classifier(pool(norm(x)))
 *
 *   attention: softmax(Q K^T / sqrt(width / heads) + mask) V by heads, then a linear layer
 *   gelu(a) = a (1 + erf(a / sqrt 2)) / 2
 *   pool: mean over the tokens whose mask is 1, or the first token
 *
 * Inputs `input_ids` and `attention_mask`, int64 [batch, tokens]; mask 1 for a token, 0 for filling, which gets a score
 * of -1e9 in every attention. Examples have the shape [tokens].
 *
 * Sources: Vaswani et al., Attention is all you need, NIPS 2017; norms first: Xiong et al., ICML 2020. Names, shapes,
 * places of dropout and initial values are those of PyTorch 2's nn.TransformerEncoder (norm_first, activation "gelu",
 * a last norm), nn.Embedding (N(0, 1)) and nn.Linear: in_proj_weight [3 width, width] is Xavier-uniform, biases of the
 * attention are 0.
 */
import { z } from "zod";
import { InputError } from "../../errors.js";
import type { RandomSource } from "../../kernel/index.js";
import { DataType } from "../../weights/onnx-proto.js";
import { defineArchitecture } from "./architecture.js";
import { NetworkBuilder } from "./network-builder.js";

const size = z.int().positive();

export const transformerText = defineArchitecture({
  name: "transformer-text",
  summary: "transformer encoder for texts: inputs input_ids and attention_mask",

  params: z.strictObject({
    vocabulary: size.describe("number of different tokens; ids are 0 to vocabulary - 1"),
    width: size.default(64).describe("size of a token's vector"),
    heads: size.default(4).describe("heads of each attention; they divide the width"),
    layers: size.default(2).describe("number of blocks"),
    feedForward: size.default(128).describe("size of the hidden layer in each block"),
    dropout: z.number().min(0).lt(1).default(0.1).describe("share that training sets to 0"),
    pooling: z
      .enum(["mean", "first"])
      .default("mean")
      .describe("what the scores come from: the mean over the mask, or the first token"),
  }),

  build(params, task, random) {
    const { vocabulary, width, heads, layers, pooling } = params;
    const [tokens] = task.example;
    if (task.example.length !== 1) {
      throw new InputError(
        `architecture "transformer-text": takes texts of shape [tokens], got examples of shape [${task.example.join(", ")}]`,
      );
    }
    if (width % heads !== 0) {
      throw new InputError(
        `architecture "transformer-text": heads must divide width, got ${heads} heads and width ${width}`,
      );
    }
    const net = new EncoderBuilder(random, { tokens, ...params });
    const { graph } = net;
    const ids = graph.input("input_ids", [null, tokens], "int64");
    const mask = graph.node("Cast", [graph.input("attention_mask", [null, tokens], "int64")], {
      to: { int: DataType.FLOAT },
    });
    const vectors = net.normal("token_embedding.weight", [vocabulary, width], 1);
    const places = net.normal("position_embedding.weight", [tokens, width], 1);
    let x = net.rows(graph.node("Add", [graph.node("Gather", [vectors, ids]), places]));
    const hiding = net.hiding(mask);
    for (let i = 0; i < layers; i++) x = net.block(x, hiding, `encoder.layers.${i}`);
    x = net.layerNorm(x, "encoder.norm");
    const pooled = pooling === "mean" ? net.mean(x, mask) : net.first(x);
    return net.classify(pooled, "classifier", width, task);
  },
});

interface Sizes {
  readonly tokens: number;
  readonly width: number;
  readonly heads: number;
  readonly feedForward: number;
  readonly dropout: number;
}

/** Parts of the encoder. `x` is [batch * tokens, width] here, a row for each token. */
class EncoderBuilder extends NetworkBuilder {
  readonly #sizes: Sizes;
  readonly #shapes: Record<"rows" | "texts" | "heads" | "keys", string>;
  readonly #thirds: string;
  readonly #numbers: Record<"one" | "half" | "root2" | "scale" | "far", string>;

  constructor(random: RandomSource, sizes: Sizes) {
    super("transformer-text", random);
    const { tokens, width, heads } = sizes;
    this.#sizes = sizes;
    this.#shapes = {
      rows: this.integers("shape.rows", [-1, width]),
      texts: this.integers("shape.texts", [-1, tokens, width]),
      heads: this.integers("shape.heads", [-1, tokens, heads, width / heads]),
      keys: this.integers("shape.keys", [-1, 1, 1, tokens]),
    };
    this.#thirds = this.integers("attention.thirds", [width, width, width]);
    this.#numbers = {
      one: this.scalar("one", 1),
      half: this.scalar("half", 0.5),
      root2: this.scalar("root2", Math.SQRT2),
      scale: this.scalar("attention.scale", 1 / Math.sqrt(width / heads)),
      far: this.scalar("attention.far", -1e9),
    };
  }

  /** [batch, tokens, ...] as rows. */
  rows(x: string): string {
    return this.graph.node("Reshape", [x, this.#shapes.rows]);
  }

  /** What is added to scores of attention [batch, heads, tokens, keys]: 0, or -1e9 where the mask is 0. */
  hiding(mask: string): string {
    const { one, far } = this.#numbers;
    const filling = this.graph.node("Sub", [one, mask]);
    const hiding = this.graph.node("Mul", [filling, far]);
    return this.graph.node("Reshape", [hiding, this.#shapes.keys]);
  }

  block(x: string, hiding: string, name: string): string {
    const { width, feedForward } = this.#sizes;
    const attended = this.#attention(this.layerNorm(x, `${name}.norm1`), hiding, name);
    const y = this.graph.node("Add", [x, this.#drop(attended, `${name}.dropout1`)]);
    const first = this.linear(
      this.layerNorm(y, `${name}.norm2`),
      `${name}.linear1`,
      width,
      feedForward,
    );
    const second = this.linear(
      this.#drop(this.#gelu(first), `${name}.dropout`),
      `${name}.linear2`,
      feedForward,
      width,
    );
    return this.graph.node("Add", [y, this.#drop(second, `${name}.dropout2`)]);
  }

  layerNorm(x: string, name: string): string {
    const { width } = this.#sizes;
    const inputs = [
      x,
      this.constant(`${name}.weight`, width, 1),
      this.constant(`${name}.bias`, width, 0),
    ];
    const attributes = { axis: { int: -1 }, epsilon: { float: 1e-5 } };
    return this.graph.node("LayerNormalization", inputs, attributes, name);
  }

  #attention(x: string, hiding: string, block: string): string {
    const { graph } = this;
    const { width } = this.#sizes;
    const name = `${block}.self_attn`;
    const projected = this.gemm(
      x,
      // Xavier-uniform: the matrix has fan_in width and fan_out 3 width.
      this.uniform(`${name}.in_proj_weight`, [3 * width, width], Math.sqrt(6 / (4 * width))),
      this.constant(`${name}.in_proj_bias`, 3 * width, 0),
      `${name}.in_proj`,
    );
    const parts = ["query", "key", "value"].map((part) => `${name}.${part}`);
    graph.nodeOf("Split", [projected, this.#thirds], { axis: { int: 1 } }, parts);
    const byHead = (part: string, perm: number[]) =>
      graph.node("Transpose", [graph.node("Reshape", [part, this.#shapes.heads])], {
        perm: { ints: perm },
      });
    const [query, key, value] = parts;
    const products = graph.node("MatMul", [
      byHead(query, [0, 2, 1, 3]),
      byHead(key, [0, 2, 3, 1]), // [batch, heads, width of a head, tokens]
    ]);
    const scaled = graph.node("Mul", [products, this.#numbers.scale]);
    const shares = graph.node("Softmax", [graph.node("Add", [scaled, hiding])], {
      axis: { int: -1 },
    });
    const dropped = this.#drop(shares, `${name}.dropout`);
    const mixed = graph.node("MatMul", [dropped, byHead(value, [0, 2, 1, 3])]);
    const joined = this.rows(graph.node("Transpose", [mixed], { perm: { ints: [0, 2, 1, 3] } }));
    return this.gemm(
      joined,
      this.uniform(`${name}.out_proj.weight`, [width, width], 1 / Math.sqrt(width)),
      this.constant(`${name}.out_proj.bias`, width, 0),
      `${name}.out_proj`,
    );
  }

  #gelu(x: string): string {
    const { one, half, root2 } = this.#numbers;
    const erf = this.graph.node("Erf", [this.graph.node("Div", [x, root2])]);
    const twice = this.graph.node("Mul", [x, this.graph.node("Add", [erf, one])]);
    return this.graph.node("Mul", [twice, half]);
  }

  #drop(x: string, name: string): string {
    return this.dropout(x, name, this.#sizes.dropout);
  }

  /** [batch, width]: the mean over the tokens whose mask is 1; 0 where there is none. */
  mean(x: string, mask: string): string {
    const { graph } = this;
    const axis = this.integers("mean.axis", [1]);
    const byToken = this.integers("mean.weights", [-1, 1, this.#sizes.tokens]);
    const count = graph.node("ReduceSum", [mask, axis], { keepdims: { int: 1 } });
    const share = graph.node("Div", [mask, graph.node("Max", [count, this.#numbers.one])]);
    const weights = graph.node("Reshape", [share, byToken]);
    return this.rows(graph.node("MatMul", [weights, this.#byText(x)]));
  }

  /** [batch, width]: the first token. */
  first(x: string): string {
    const [starts, ends, axes] = [
      this.integers("first.starts", [0]),
      this.integers("first.ends", [1]),
      this.integers("first.axes", [1]),
    ];
    return this.rows(this.graph.node("Slice", [this.#byText(x), starts, ends, axes]));
  }

  #byText(x: string): string {
    return this.graph.node("Reshape", [x, this.#shapes.texts]);
  }
}
