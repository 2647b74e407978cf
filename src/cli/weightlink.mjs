#!/usr/bin/env node
// Runs the TypeScript sources as they are, and scenarios and channels written in TypeScript with them.
import { register } from "tsx/esm/api";

register();
const { main } = await import("./main.ts");
await main(process.argv.slice(2));
