import { it } from "@effect/vitest"

const key = Symbol.for("langswarm-session/test/pristineIt")
const { effect, layer, live, scoped, scopedLive } = it

/**
 * Runs before each test file. All files share one process, and `layer` replaces `effect` and `scoped` of the shared `it`, which would
 * affect the next file.
 */
const pristine: object = Reflect.get(globalThis, key) ?? { effect, layer, live, scoped, scopedLive }
Reflect.set(globalThis, key, pristine)
Object.assign(it, pristine)
