import * as Option from "effect/Option"
import type { Message } from "../../../domain/Message.js"
import type { Part } from "../../../domain/Part.js"
import type { Role } from "../../../domain/Role.js"
import { omittedText } from "../../../services/omittedText.js"
import { readBlock } from "./readBlock.js"

/**
 * All that one side says before the other does.
 */
export interface VendorTurn {
  readonly role: "user" | "assistant"
  readonly parts: Array<Part>
  /** What the application says after it. */
  readonly system: Array<string>
}

/**
 * A history as the vendor takes it: turns of the user and the model, one after the other, the first one a user's, and none of
 * them empty. `top` is what the application says before all of it.
 *
 * A system message must come right after a user's turn, and be followed by the model's or by nothing, or the vendor refuses the
 * request; so one that comes after a reply, or before the results of tools, waits for the end of the user's turn.
 * https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
 */
export const turnsOf = (
  messages: ReadonlyArray<Message>
): { readonly top: ReadonlyArray<string>; readonly turns: ReadonlyArray<VendorTurn> } => {
  const top: Array<string> = []
  const turns: Array<VendorTurn> = []
  let waiting: Array<string> = []
  const add = (role: VendorTurn["role"], parts: ReadonlyArray<Part>) => {
    const last = turns.at(-1)
    if (last?.role === role) return void last.parts.push(...parts)
    turns.push({ role, parts: [...parts], system: role === "user" ? waiting : [] })
    if (role === "user") waiting = []
  }

  for (const { parts, role } of messages) {
    const said = parts.filter((part) => saysSomething(part, role))
    if (role === "system") {
      const last = turns.at(-1)
      const place = last === undefined ? top : last.role === "user" ? last.system : waiting
      place.push(...said.map(omittedText))
    } else if (role === "assistant") {
      const kept = withoutLastThinking(said)
      if (kept.length > 0 && turns.length === 0) add("user", [text("[The conversation begins here.]")])
      if (kept.length > 0) add("assistant", kept)
    } else {
      add("user", said.length > 0 ? said : [text("[This message is empty.]")])
    }
  }
  if (turns.length === 0) add("user", [text("[The conversation begins here.]")])
  return { top: [...top, ...waiting], turns }
}

/** The vendor refuses blank text, and blocks of its own from anybody but the model. */
const saysSomething = (part: Part, role: Role): boolean => {
  if (part._tag === "Text") return part.text.trim() !== ""
  return part._tag !== "Opaque" || (role === "assistant" && Option.isSome(readBlock(part)))
}

const text = (text: string): Part => ({ _tag: "Text", text })

/** A reply that was cut off while the model thought ends in a block that the vendor takes nowhere but before another one. */
const withoutLastThinking = (parts: ReadonlyArray<Part>): ReadonlyArray<Part> =>
  parts.slice(0, parts.findLastIndex((part) => !isThinking(part)) + 1)

const isThinking = (part: Part): boolean =>
  part._tag === "Opaque" && (part.kind === "thinking" || part.kind === "redacted_thinking")
