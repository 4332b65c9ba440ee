import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { createHash, randomBytes, timingSafeEqual } from "node:crypto"
import { ConfigurationError, Unauthorized } from "../domain/error/RequestError.js"
import { fileProblem } from "../services/internal/fileProblem.js"
import { Authentication } from "./Authentication.js"

/**
 * Authenticates callers by one access token. A caller that shows it is the principal `owner`.
 */
export const layer = (token: Redacted.Redacted<string>): Layer.Layer<Authentication> =>
  Layer.sync(Authentication, () => {
    const check = makeCheck(token)
    return Authentication.of(({ headers }) =>
      check(headers["authorization"]) === "right" ? Effect.succeed({ name: "owner" }) : new Unauthorized()
    )
  })

/**
 * Compares the value of an `Authorization` header with the token. The name of the scheme is read in any case (RFC 9110).
 */
export const makeCheck = (token: Redacted.Redacted<string>) => {
  const expected = sha256(Redacted.value(token))
  return (authorization: string | undefined): "missing" | "right" | "wrong" => {
    if (authorization === undefined || authorization === "") return "missing"
    // Hashes have one length, so the comparison reveals nothing about the token, not even its length.
    return timingSafeEqual(sha256(bearer.exec(authorization)?.[1] ?? ""), expected) ? "right" : "wrong"
  }
}

const bearer = /^bearer +([^ ]+) *$/i

const sha256 = (text: string) => createHash("sha256").update(text).digest()

/**
 * The access token in the file `token` of a directory. Creates the directory and the file when they are missing: the token is
 * 256 random bits, readable by the owner only. Fails with `ConfigurationError` when the file cannot be used, or when other
 * users can read it.
 */
export const loadOrCreate = Effect.fn("AccessToken.loadOrCreate")(
  function*(directory: string) {
    const fs = yield* FileSystem.FileSystem
    const path = (yield* Path.Path).join(directory, "token")

    if (!(yield* fs.exists(path))) yield* create(directory, path)
    const { mode, type } = yield* fs.stat(path)
    if (type === "Directory") {
      return yield* refuse(`${path} is a directory, but the access token is kept there; move the directory away`)
    }
    if ((mode & readableByOthers) !== 0) {
      return yield* refuse(`${path} can be read by other users; delete it to get a new token, or run chmod 600 on it`)
    }
    const token = Redacted.make((yield* Effect.mapError(fs.readFileString(path), toUnreadable(path))).trim())
    const problem = findProblem(token)
    return problem === undefined ? token : yield* refuse(`the token in ${path} ${problem}; delete it to get a new one`)
  },
  (effect, directory) =>
    Effect.catchAll(
      effect,
      (error) => error._tag === "ConfigurationError" ? error : refuse(cannotStore(directory, error))
    )
)

const readableByOthers = 0o077

/**
 * Links a finished file, so the token file appears complete or not at all. When another process was faster, its token is used.
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

const toUnreadable = (path: string) => (error: PlatformError) =>
  refuse(`the access token ${path} ${fileProblem(error)}; give the file to this user, or start as the user who owns it`)

const cannotStore = (directory: string, error: PlatformError) =>
  `the access token cannot be stored: ${directory} ${
    fileProblem(error)
  }; choose a directory that this user can write to`

const refuse = (problem: string) => new ConfigurationError({ problems: [problem] })

/**
 * Why a token cannot protect a server; undefined when it can. The grammar is that of RFC 6750.
 */
export const findProblem = (token: Redacted.Redacted<string>): string | undefined => {
  const { length } = Redacted.value(token)
  if (length === 0) return "is empty"
  if (length < minLength || length > maxLength) return `must have ${minLength} to ${maxLength} characters`
  return grammar.test(Redacted.value(token)) ? undefined : "may contain only letters, digits and -._~+/"
}

const grammar = /^[A-Za-z0-9._~+/-]+=*$/
const minLength = 16
const maxLength = 512
