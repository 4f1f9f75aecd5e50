/** Bytes that the cache of decoded images may at least and at most be given. */
export const LEAST_CACHE = 1e8;
export const MOST_CACHE = 1e15;
