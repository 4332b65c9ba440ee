import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ProviderInfo } from "../domain/ProviderInfo.js"
import { SessionManager } from "../services/SessionManager.js"
import { connect, connectionOptions } from "./connection.js"
import { json } from "./json.js"
import { printJson } from "./printJson.js"
import { visible } from "./visible.js"

/**
 * `providers`: who can answer a session, and what each of them can do. As JSON with what they may be configured with.
 */
export const providers = Command.make(
  "providers",
  { ...connectionOptions, json },
  Effect.fnUntraced(
    function*(options) {
      const all = yield* Effect.flatMap(SessionManager, (sessions) => sessions.listProviders)
      yield* options.json
        ? printJson(Schema.Array(ProviderInfo), all)
        : Effect.forEach(all, (provider) => Console.log(visible(toLine(provider))), { discard: true })
    },
    (effect, options) => Effect.provide(effect, connect(options))
  )
).pipe(Command.withDescription("List the providers, and what each can do"))

const toLine = ({ capabilities: { conversation, files, images, tools }, name }: ProviderInfo): string =>
  [
    name.padEnd(12),
    conversation === "cursor" ? "may hold the conversation" : "is sent the history      ",
    `images: ${images.join(" ") || "none"}`,
    `files: ${files.join(" ") || "none"}`,
    `tools: ${tools ? "yes" : "no"}`
  ].join("  ")
