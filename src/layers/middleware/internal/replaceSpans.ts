import * as Order from "effect/Order"
import type { Span } from "./Span.js"

/** From the left, and of those that begin together the longest. */
const order = Order.combine(
  Order.mapInput(Order.number, ({ start }: Span) => start),
  Order.mapInput(Order.reverse(Order.number), ({ end }: Span) => end)
)

/**
 * Puts a replacement in the place of each span. Spans that overlap become one, replaced as the first of them is: what two
 * detectors found together must go as a whole.
 */
export const replaceSpans = <A extends Span>(
  text: string,
  spans: ReadonlyArray<A>,
  replacementOf: (span: A) => string
): string => {
  const pieces: Array<string> = []
  let done = 0
  for (const span of spans.toSorted(order)) {
    if (span.start >= done) pieces.push(text.slice(done, span.start), replacementOf(span))
    done = Math.max(done, span.end)
  }
  return pieces.join("") + text.slice(done)
}
