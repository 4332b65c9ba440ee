import { it } from "@effect/vitest"

const key = Symbol.for("langswarm-session/test/pristineIt")
const { effect, layer, live, scoped, scopedLive } = it

/**
 * Runs before each file of tests, in a process that all files share. `layer` puts its own `effect` and `scoped` into the one `it`
 * that there is, where those of the next file would find them.
 */
const pristine: object = Reflect.get(globalThis, key) ?? { effect, layer, live, scoped, scopedLive }
Reflect.set(globalThis, key, pristine)
Object.assign(it, pristine)
