const quote = 0x22
const backslash = 0x5c
const opening = new Set([0x5b, 0x7b])
const closing = new Set([0x5d, 0x7d])

/**
 * Whether a JSON text nests arrays and objects more than `limit` deep. Looks at the text alone, so that it can say so
 * before a parser or a schema recurses into it.
 */
export const isDeeperThan = (json: string, limit: number): boolean => {
  let depth = 0
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (code === quote) i = endOfString(json, i)
    else if (opening.has(code) && ++depth > limit) return true
    else if (closing.has(code)) depth--
  }
  return false
}

const endOfString = (json: string, start: number): number => {
  let i = start + 1
  while (i < json.length && json.charCodeAt(i) !== quote) i += json.charCodeAt(i) === backslash ? 2 : 1
  return i
}
