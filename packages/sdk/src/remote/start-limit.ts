/** Milliseconds that a worker may take to load. */
export const startLimit = 30_000
