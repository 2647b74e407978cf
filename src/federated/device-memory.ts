/** Errors that devices remember from one round to the next, by name as checkpoints hold them; zeros at first. */
export function errorOf(
  errors: Map<string, Float32Array>,
  device: number,
  size: number,
): Float32Array {
  const name = `error of device ${device}`;
  const error = errors.get(name) ?? new Float32Array(size);
  errors.set(name, error);
  return error;
}
