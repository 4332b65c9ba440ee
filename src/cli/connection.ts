import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as SessionClient from "../client/SessionClient.js"
import { ConfigurationError } from "../domain/error/RequestError.js"

export const defaultDataDir = "./data"

/**
 * Where a server keeps its database and its token.
 */
export const dataDir = Options.text("data-dir").pipe(
  Options.withDescription("Where the server keeps its database and its token"),
  Options.withDefault(defaultDataDir)
)

/**
 * Where a server listens, and a client looks for one, unless told.
 */
export const defaultUrl = "http://127.0.0.1:4080"

/**
 * How to reach a server: the options of every command that talks to one.
 */
export const connectionOptions = {
  url: Options.text("url").pipe(
    Options.withDescription("Where the server listens"),
    Options.withFallbackConfig(Config.string("LANGSWARM_SESSION_URL")),
    Options.withDefault(defaultUrl)
  ),
  token: Options.redacted("token").pipe(
    Options.withDescription("The server's token; read from the data directory of a local server if left out"),
    Options.withFallbackConfig(Config.redacted("LANGSWARM_SESSION_TOKEN")),
    Options.optional
  ),
  dataDir
}

interface ConnectionOptions {
  readonly url: string
  readonly token: Option.Option<Redacted.Redacted>
  readonly dataDir: string
}

/** As long as a person will look at a command that says nothing. */
const resumeFor = "10 seconds"

/**
 * The sessions of a running server.
 */
export const connect = ({ dataDir, token, url }: ConnectionOptions) =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const known = yield* Option.match(token, { onSome: Effect.succeed, onNone: () => readToken(dataDir) })
    return SessionClient.layer({ url, token: known, resumeFor })
  }))

const readToken = Effect.fnUntraced(function*(dataDir: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(dataDir, "token")
  const text = yield* Effect.mapError(fs.readFileString(file), () =>
    new ConfigurationError({
      problems: [
        `no token was given, and ${file} cannot be read: start the server here, name its --data-dir, or pass --token`
      ]
    }))
  return Redacted.make(text.trim())
})
