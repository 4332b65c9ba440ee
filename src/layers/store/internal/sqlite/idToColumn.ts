const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * An id as a column holds it. Those that `IdGenerator` makes are UUIDs, of which 16 bytes say what 36 characters do, in rows
 * and once more in indexes; any other stays as it is.
 */
export const idToColumn = (id: string): string | Uint8Array =>
  uuid.test(id) ? Buffer.from(id.replaceAll("-", ""), "hex") : id
