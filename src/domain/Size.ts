/**
 * The size of a value as it is sent: as JSON, in UTF-8.
 */
export const encodedBytes = (value: unknown): number => utf8.encode(JSON.stringify(value)).length

const utf8 = new TextEncoder()

/**
 * Bytes that the items of one page may take, 24 MiB.
 */
export const maxPageBytes = 24 * 1024 * 1024

/**
 * Bytes of events that are read or sent at once, 64 KiB.
 */
export const maxEventBytes = 64 * 1024

/**
 * The first items that together take at most `maxBytes`. If there are any, there is always one. Reads no further than the
 * first item that does not fit.
 */
export const takeBytes = <A>(
  items: Iterable<A>,
  maxBytes: number,
  bytesOf: (item: A) => number = encodedBytes
): ReadonlyArray<A> => {
  const taken: Array<A> = []
  let bytes = 0
  for (const item of items) {
    bytes += bytesOf(item)
    if (bytes > maxBytes && taken.length > 0) break
    taken.push(item)
  }
  return taken
}
