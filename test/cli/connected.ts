import { FileSystem } from "@effect/platform"
import { Effect, Redacted } from "effect"
import * as SessionClient from "../../src/client/SessionClient.js"

/**
 * Runs an effect with the sessions of a server.
 */
export const connected = (url: string, dataDir: string) => <A, E, R>(use: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const token = Redacted.make((yield* files.readFileString(`${dataDir}/token`)).trim())
    return yield* Effect.provide(use, SessionClient.layer({ url, token }))
  })
