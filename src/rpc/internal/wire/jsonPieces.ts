/**
 * The JSON text of a value in pieces of about `size` characters, so that a large answer is never one text in memory and never
 * blocks the process while it is made. Joined, they are what `JSON.stringify` returns.
 */
export function* jsonPieces(value: unknown, size: number): Generator<string> {
  let piece = ""
  for (const part of partsOf(value, size)) {
    piece += part
    if (piece.length >= size) {
      yield piece
      piece = ""
    }
  }
  if (piece !== "") yield piece
}

function* partsOf(value: unknown, size: number): Generator<string> {
  if (typeof value === "string" && value.length > size) {
    yield "\""
    // A pair of surrogates that is cut becomes two escapes, which read as the same character.
    for (let at = 0; at < value.length; at += size) yield JSON.stringify(value.slice(at, at + size)).slice(1, -1)
    yield "\""
  } else if (typeof value !== "object" || value === null || jsonSize(value, size) <= size) {
    yield JSON.stringify(value) ?? "null"
  } else if (Array.isArray(value)) {
    yield "["
    for (const [index, item] of value.entries()) {
      if (index > 0) yield ","
      yield* partsOf(item, size)
    }
    yield "]"
  } else {
    yield "{"
    let separator = ""
    for (const [key, field] of Object.entries(value)) {
      if (field === undefined) continue
      yield `${separator}${JSON.stringify(key)}:`
      yield* partsOf(field, size)
      separator = ","
    }
    yield "}"
  }
}

/**
 * About as many characters as the value has in JSON: escapes are not counted. It stops counting once it is above `limit`.
 */
export const jsonSize = (value: unknown, limit: number = Number.MAX_SAFE_INTEGER): number => {
  if (typeof value === "string") return value.length + 2
  if (typeof value !== "object" || value === null) return scalarSize
  let size = 2
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && size <= limit; i++) size += jsonSize(value[i], limit - size) + 1
    return size
  }
  for (const key in value) {
    if (size > limit) break
    size += key.length + 4 + jsonSize(Reflect.get(value, key), limit - size)
  }
  return size
}

/** A number, `true` or `null`. */
const scalarSize = 8
