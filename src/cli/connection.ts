import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as SessionClient from "../client/SessionClient.js"
import { ConfigurationError } from "../domain/error/RequestError.js"
import { fileProblem } from "../services/internal/fileProblem.js"
import type { SessionManager } from "../services/SessionManager.js"
import { type Command, type CommandEnvironment, defineCommand } from "./command.js"
import { combine, type ParametersOf } from "./internal/parse.js"
import { option, optionOr, secret, text } from "./parameters.js"

/**
 * Makes a command that talks to a running server: it has the options that say how to reach the server, and its program may use
 * the server's sessions.
 */
export const sessionCommand = <Options extends object, Arguments extends object, E extends Error>(
  { arguments: args, options }: {
    readonly options: ParametersOf<Options>
    readonly arguments: ParametersOf<Arguments>
  },
  run: (
    input: Options & ConnectionOptions & Arguments
  ) => Effect.Effect<void, E, SessionManager | CommandEnvironment>
): Command =>
  defineCommand<Options & ConnectionOptions, Arguments, E | ConfigurationError>(
    { options: combine<Options, ConnectionOptions>(options, connectionOptions), arguments: args },
    (input) => Effect.provide(run(input), connect(input))
  )

const defaultDataDir = "./data"

/**
 * Where a server keeps its database and its token.
 */
export const dataDir = optionOr("data-dir", text("DIR"), "Directory of the server's database and token", defaultDataDir)

const defaultUrl = "http://127.0.0.1:4080"

const connectionOptions = {
  url: optionOr("url", text("URL"), "Address of the server", defaultUrl, { variable: "LANGSWARM_SESSION_URL" }),
  token: option("token", secret, "Token of the server; if not given, it is read from --data-dir", {
    variable: "LANGSWARM_SESSION_TOKEN"
  }),
  dataDir
}

export interface ConnectionOptions {
  readonly url: string
  readonly token: Option.Option<Redacted.Redacted>
  readonly dataDir: string
}

/** A person waits no longer for a command that prints nothing. */
const resumeWindow = "10 seconds"

const connect = ({ dataDir, token, url }: ConnectionOptions) =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const known = yield* Option.match(token, { onSome: Effect.succeed, onNone: () => readToken(dataDir) })
    return SessionClient.layer({ url, token: known, resumeFor: resumeWindow })
  }))

const readToken = Effect.fnUntraced(function*(dataDir: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(dataDir, "token")
  const text = yield* Effect.mapError(fs.readFileString(file), (error) =>
    new ConfigurationError({
      problems: [
        `no token: ${file} ${fileProblem(error)}; start the server in this directory, or pass its --data-dir or --token`
      ]
    }))
  return Redacted.make(text.trim())
})

/**
 * The options that reach the same server again, for a command that a person can copy. Never the token.
 */
export const connectionFlags = ({ dataDir, url }: Pick<ConnectionOptions, "dataDir" | "url">): string =>
  (url === defaultUrl ? "" : ` --url ${url}`) + (dataDir === defaultDataDir ? "" : ` --data-dir ${dataDir}`)
