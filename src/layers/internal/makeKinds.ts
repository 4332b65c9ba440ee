import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ConfigurationError } from "../../domain/error/ConfigurationError.js"
import type { Kind, KindInfo } from "./Kind.js"

export interface Kinds<Made> {
  readonly register: (kind: Kind<Made>) => Effect.Effect<void, ConfigurationError, Scope.Scope>
  readonly make: (name: string, config: unknown) => Effect.Effect<Made, ConfigurationError>
  readonly list: Effect.Effect<ReadonlyArray<KindInfo>>
}

/**
 * Kinds of something by their names, starting with some.
 */
export const makeKinds = <Made>(
  what: string,
  kinds: ReadonlyArray<Kind<Made>>
): Effect.Effect<Kinds<Made>, ConfigurationError, Scope.Scope> =>
  Effect.gen(function*() {
    const byName = new Map<string, Kind<Made>>()

    const register = (kind: Kind<Made>) =>
      Effect.acquireRelease(
        Effect.suspend(() =>
          byName.has(kind.name)
            ? new ConfigurationError({ problems: [`the kind of ${what} "${kind.name}" is registered already`] })
            : Effect.sync(() => byName.set(kind.name, kind))
        ),
        () => Effect.sync(() => byName.delete(kind.name))
      ).pipe(Effect.asVoid)

    yield* Effect.forEach(kinds, register, { discard: true })

    return {
      register,
      make: (name, config) =>
        Effect.suspend(() => byName.get(name)?.make(config) ?? unknownKind(what, name, [...byName.keys()])),
      list: Effect.sync(() =>
        Array.from(
          byName.values(),
          ({ configSchema, name }) => ({ name, ...(configSchema && { configSchema }) })
        )
      )
    }
  })

const unknownKind = (what: string, name: string, known: ReadonlyArray<string>) =>
  new ConfigurationError({ problems: [`there is no kind of ${what} "${name}"; use one of: ${known.join(", ")}`] })
