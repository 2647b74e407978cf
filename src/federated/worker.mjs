// A worker thread begins without the main thread's loader for TypeScript.
import { register } from "tsx/esm/api";

register();
const { trainDevice } = await import("./worker.ts");
export default trainDevice;
