import * as Schema from "effect/Schema"
import { OpaquePart } from "../../../domain/Part.js"
import { maxTextLength } from "../../../domain/WellFormedText.js"

const isPart = Schema.is(OpaquePart)

/**
 * An item of a reply as a part that can go back as it is. Nothing when it is more than a part may be, such as a large image: the
 * vendor takes a history without it too.
 */
export const opaqueOf = (provider: string, kind: string, item: object, text: string): OpaquePart | undefined => {
  const part = {
    _tag: "Opaque" as const,
    provider,
    kind,
    data: JSON.stringify(item),
    ...(text !== "" && { text: text.slice(0, maxTextLength).toWellFormed() })
  }
  return isPart(part) ? part : undefined
}
