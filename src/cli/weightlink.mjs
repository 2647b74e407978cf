#!/usr/bin/env -S GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=8388608 node
// Runs the TypeScript sources as they are, and scenarios and channels written in TypeScript with them.
//
// On Linux the tunables give freed memory back to the system: opening a session for a large model frees
// three times its size, which the C library would otherwise keep. 8 MiB is between the fast and the small
// (docs/benchmarks.md). Other systems ignore them.
import { register } from "tsx/esm/api";

register();
const { main } = await import("./main.ts");
await main(process.argv.slice(2));
