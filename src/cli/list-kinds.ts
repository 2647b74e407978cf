/** What `weightlink list` can show; apart from the lists themselves, which take time to load. */
export const listKinds = [
  "channels",
  "codings",
  "estimators",
  "refinements",
  "models",
  "architectures",
  "datasets",
  "losses",
  "optimizers",
  "schedules",
  "augmentations",
  "uplinks",
  "partitions",
  "speeds",
] as const;

export type ListKind = (typeof listKinds)[number];
