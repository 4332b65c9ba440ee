import * as DateTime from "effect/DateTime"
import type { Message, Part, PartSource } from "./Message.js"
import type { SessionExport } from "./Transfer.js"

/**
 * Formats a session as Markdown for people to read. Message text is in code fences, unchanged, and everything else is escaped, so
 * that nothing in a conversation can imitate the document, load an image or create a link.
 */
export const toMarkdown = ({ messages, session }: SessionExport): string =>
  [
    `# ${escape(session.config.name ?? `Session ${session.id}`)}`,
    list({
      session: session.id,
      user: escape(session.userId),
      answered: escape(`${session.provider}/${session.model}`),
      status: session.status,
      created: DateTime.formatIso(session.createdAt),
      "last active": DateTime.formatIso(session.lastActivityAt),
      "forked from": session.forkedFrom && `${session.forkedFrom.sessionId}, at message ${session.forkedFrom.seq}`,
      tags: session.config.tags && escape(session.config.tags.join(", "))
    }),
    ...messages.flatMap(messageBlocks)
  ].join("\n\n").concat("\n")

const messageBlocks = ({ createdAt, finishReason, parts, role, seq }: Message): ReadonlyArray<string> => [
  `## ${seq}. ${role}, ${DateTime.formatIso(createdAt)}${finishReason === "cut" ? " (cut off)" : ""}`,
  ...parts.flatMap(partBlocks)
]

const partBlocks = (part: Part): ReadonlyArray<string> => {
  switch (part._tag) {
    case "Text":
      return [fence("text", part.text)]
    case "Image":
      return [`Image: ${escape(part.mediaType)}, ${sourceText(part.source)}`]
    case "File":
      return [`File: ${escape(part.name)}, ${escape(part.mediaType)}, ${sourceText(part.source)}`]
    case "ToolCall":
      return [
        `Tool call: ${escape(part.name)} (${escape(part.id)})`,
        fence("json", JSON.stringify(part.arguments, null, 2))
      ]
    case "ToolResult":
      return [`Tool ${part.isError ? "error" : "result"} (${escape(part.id)})`, fence("text", part.result)]
    case "Opaque":
      return [
        `${escape(part.kind)} of ${escape(part.provider)}`,
        ...(part.text === undefined ? [] : [fence("text", part.text)])
      ]
  }
}

const sourceText = (source: PartSource): string =>
  source._tag === "Remote" ? link(source.url) : `${Math.floor(source.base64.length * 0.75)} bytes`

/** The fence is longer than any in the text. */
const fence = (language: string, text: string): string => {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length))
  const ticks = "`".repeat(Math.max(3, longest + 1))
  return `${ticks}${language}\n${text}\n${ticks}`
}

/** A serialized URL contains no character that ends a link. */
const link = (address: string): string => URL.canParse(address) ? `<${new URL(address).href}>` : escape(address)

const list = (entries: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(entries)
    .flatMap(([name, value]) => value === undefined ? [] : [`- ${name}: ${value}`])
    .join("\n")

/** Puts text on one line, with a backslash before each character that has a meaning in Markdown or could form a link. */
const escape = (text: string): string =>
  text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>&~|!#.:@]/g, (character) => `\\${character}`)
