import * as Effect from "effect/Effect"
import { eventLoopTurn } from "../../../services/internal/eventLoopTurn.js"
import { MiddlewareRefusal } from "../../../services/MiddlewareRefusal.js"
import type { Pattern } from "./Pattern.js"
import type { Span } from "./Span.js"

/** Where a match of one window may begin. One search of such a window takes about 10 ms; of 256 Ki characters, up to 380. */
const window = 8192
/** How long a match may be in a text of more than one window. */
const reach = 4096
/** What stands before a window, so that `^` and `\b` see it: one character, which may be two units. */
const before = 2
/** A match that is found again and again may have read the whole window each time. */
const searches = 4

/**
 * All matches of a pattern that take at least one character, from left to right. The event loop goes round between, and the
 * middleware's timeout ends it there.
 *
 * A text of up to 12,288 characters is searched as a whole. In a longer one, a match has at most 4,096: one that goes
 * further is refused, since what follows would be left as it is, and one that has to go further to be a match is none.
 */
export const findPattern = Effect.fnUntraced(function*({ index, regex }: Pattern, text: string) {
  const found: Array<Span> = []
  let from = 0
  let count = 0
  while (from < text.length) {
    const base = Math.max(0, from - before)
    const last = from + window + reach >= text.length
    const part = last ? text.slice(base) : text.slice(base, from + window + reach)
    const until = last ? text.length : from + window - Number(isInsidePair(text, from + window))
    const matcher = regex.matcher(part)
    let at = from
    while (at < until && matcher.find(at - base)) {
      const start = matcher.start() + base
      const end = matcher.end() + base
      if (start >= until) break
      if (!last && end - base === part.length) {
        return yield* new MiddlewareRefusal({
          reason: `pattern ${index} matches more than ${reach} characters of a long text: send it in shorter parts`
        })
      }
      if (end > start) found.push({ start, end })
      at = end > start ? end : end + 1
      if (++count % searches === 0) yield* eventLoopTurn
    }
    from = Math.max(until, at)
    yield* eventLoopTurn
  }
  return found
})

/** Between the two units of one character. */
const isInsidePair = (text: string, at: number) => (text.codePointAt(at - 1) ?? 0) > 0xffff
