import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import { ConfigurationError } from "../domain/error/ConfigurationError.js"
import { tokenProblem } from "./internal/tokenProblem.js"

const readableByOthers = 0o077

/**
 * The access token in the file `token` of a directory. When there is none yet, both are made: 256 random bits, for the
 * eyes of the owner only. Fails with `ConfigurationError` when the file cannot be used, or others may have read it.
 */
export const loadOrCreate = Effect.fn("AccessToken.loadOrCreate")(
  function*(directory: string) {
    const fs = yield* FileSystem.FileSystem
    const path = (yield* Path.Path).join(directory, "token")

    if (!(yield* fs.exists(path))) yield* create(directory, path)
    const { mode } = yield* fs.stat(path)
    if ((mode & readableByOthers) !== 0) {
      return yield* refuse(`${path} can be read by others; delete it to get a new token, or run chmod 600 on it`)
    }
    const token = Redacted.make((yield* fs.readFileString(path)).trim())
    const problem = tokenProblem(token)
    return problem === undefined ? token : yield* refuse(`the token in ${path} ${problem}; delete it to get a new one`)
  },
  Effect.catchAll((error) => error._tag === "ConfigurationError" ? error : refuse(describe(error)))
)

/**
 * A link to a finished file appears whole or not at all, and fails where another process was first, whose token is as good.
 */
const create = Effect.fnUntraced(function*(directory: string, path: string) {
  const fs = yield* FileSystem.FileSystem
  const token = randomBytes(32).toString("base64url")
  const draft = `${path}.${randomBytes(8).toString("hex")}`
  yield* fs.makeDirectory(directory, { recursive: true, mode: 0o700 })
  yield* fs.writeFileString(draft, `${token}\n`, { flag: "wx", mode: 0o600 }).pipe(
    Effect.zipRight(fs.link(draft, path)),
    Effect.catchIf(isTaken, () => Effect.void),
    Effect.ensuring(Effect.ignore(fs.remove(draft)))
  )
})

const isTaken = (error: PlatformError) => error._tag === "SystemError" && error.reason === "AlreadyExists"

const describe = (error: PlatformError) => `the access token cannot be kept: ${error.message}`

const refuse = (problem: string) => new ConfigurationError({ problems: [problem] })
