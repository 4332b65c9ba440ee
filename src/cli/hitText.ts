import * as DateTime from "effect/DateTime"
import type { SearchHit } from "../domain/SearchHit.js"
import { visible } from "./visible.js"

/**
 * What a search has found, on one line that only `bold` gives any control characters: those around what was looked for.
 */
export const hitText = (hit: SearchHit, bold: boolean): string => {
  const place = hit._tag === "Message" ? `${hit.seq} ${hit.role}` : "name"
  const snippet = hit.snippet.map(({ match, text }) => {
    const shown = visible(text.replaceAll(/\s+/g, " "))
    return match && bold ? `\u001b[1m${shown}\u001b[22m` : shown
  })
  return `${visible(hit.sessionId)}  ${DateTime.formatIso(hit.at)}  ${place}: ${snippet.join("")}`
}
