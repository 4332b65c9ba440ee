import { FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { SystemError } from "@effect/platform/Error"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as AccessToken from "../../src/rpc/AccessToken.js"

/** A path without a directory. */
const newDirectory = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return path.join(yield* fs.makeTempDirectoryScoped(), "data")
})

const writeToken = (text: string, mode = 0o600) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* newDirectory
    yield* fs.makeDirectory(directory)
    yield* fs.writeFileString(path.join(directory, "token"), text)
    yield* fs.chmod(path.join(directory, "token"), mode)
    return directory
  })

/** A refusal of the file system. Nothing is forbidden to root, which may run the tests. */
const denied = (method: string, path: string) =>
  Effect.fail(
    new SystemError({
      module: "FileSystem",
      method,
      reason: "PermissionDenied",
      pathOrDescriptor: path,
      cause: Object.assign(new Error(`EACCES: permission denied, ${method} '${path}'`), { code: "EACCES" })
    })
  )

describe("AccessToken.loadOrCreate", () => {
  it.scoped("creates a token of 256 bits once, readable by its owner only", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* newDirectory
      const token = Redacted.value(yield* AccessToken.loadOrCreate(directory))
      assert.match(token, /^[A-Za-z0-9_-]{43}$/)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["token"])
      assert.strictEqual((yield* fs.stat(`${directory}/token`)).mode & 0o777, 0o600)
      assert.strictEqual((yield* fs.stat(directory)).mode & 0o777, 0o700)
      assert.strictEqual(Redacted.value(yield* AccessToken.loadOrCreate(directory)), token)
      assert.notStrictEqual(Redacted.value(yield* AccessToken.loadOrCreate(yield* newDirectory)), token)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("returns one token to all concurrent starts", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* newDirectory
      const tokens = yield* Effect.all(Array.from({ length: 16 }, () => AccessToken.loadOrCreate(directory)), {
        concurrency: "unbounded"
      })
      assert.strictEqual(new Set(tokens.map(Redacted.value)).size, 1)
      assert.deepStrictEqual(yield* fs.readDirectory(directory), ["token"])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("reads a token written by hand, with or without a line break", () =>
    Effect.gen(function*() {
      const directory = yield* writeToken("a-token-of-my-own\n")
      assert.strictEqual(Redacted.value(yield* AccessToken.loadOrCreate(directory)), "a-token-of-my-own")
    }).pipe(Effect.provide(NodeContext.layer)))

  for (
    const { mode, problem, text } of [
      { text: "canary-token-that-is-good", mode: 0o640, problem: /can be read by other users.*chmod 600/ },
      { text: "canary-token-that-is-good", mode: 0o604, problem: /can be read by other users.*chmod 600/ },
      { text: "", mode: 0o600, problem: /is empty.*delete it/ },
      { text: " \n", mode: 0o600, problem: /is empty.*delete it/ },
      { text: "canary", mode: 0o600, problem: /must have 16 to 512 characters/ },
      { text: "canary\ncanary canary", mode: 0o600, problem: /may contain only letters, digits/ }
    ]
  ) {
    it.scoped(`refuses ${JSON.stringify(text)} in a file of mode ${mode.toString(8)}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(AccessToken.loadOrCreate(yield* writeToken(text, mode)))
        assert.strictEqual(error._tag, "ConfigurationError")
        assert.match(error.message, problem)
        assert.notInclude(error.message, "canary")
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  it.scoped("names the directory where a token cannot be stored", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      const error = yield* Effect.flip(AccessToken.loadOrCreate(`${file}/data`))
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.strictEqual(
        error.message,
        `the access token cannot be stored: ${file}/data has a file in its path where a directory must be; ` +
          "choose a directory that this user can write to"
      )
      assert.strictEqual(
        (yield* Effect.flip(AccessToken.loadOrCreate(file))).message,
        `the access token cannot be stored: ${file} has a file in its path where a directory must be; ` +
          "choose a directory that this user can write to"
      )
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("refuses a directory in place of the token", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* newDirectory
      yield* fs.makeDirectory(`${directory}/token`, { recursive: true, mode: 0o700 })
      const error = yield* Effect.flip(AccessToken.loadOrCreate(directory))
      assert.strictEqual(error._tag, "ConfigurationError")
      assert.strictEqual(
        error.message,
        `${directory}/token is a directory, but the access token is kept there; move the directory away`
      )
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("names a token that it may not read, and a directory that it may not write to", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* writeToken("a-token-of-my-own")
      const unreadable = yield* Effect.flip(AccessToken.loadOrCreate(directory)).pipe(
        Effect.provideService(FileSystem.FileSystem, { ...fs, readFileString: (path) => denied("open", path) })
      )
      assert.strictEqual(
        unreadable.message,
        `the access token ${directory}/token may not be read or written by this user; ` +
          "give the file to this user, or start as the user who owns it"
      )
      const empty = yield* newDirectory
      const unwritable = yield* Effect.flip(AccessToken.loadOrCreate(empty)).pipe(
        Effect.provideService(FileSystem.FileSystem, { ...fs, writeFileString: (path) => denied("open", path) })
      )
      assert.strictEqual(
        unwritable.message,
        `the access token cannot be stored: ${empty} may not be read or written by this user; ` +
          "choose a directory that this user can write to"
      )
    }).pipe(Effect.provide(NodeContext.layer)))
})
