/** Stands for untyped JavaScript. */
export const untyped = (value: unknown): ReturnType<typeof JSON.parse> => value
