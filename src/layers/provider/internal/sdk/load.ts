import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { ConfigurationError } from "../../../../domain/error/RequestError.js"

/**
 * A vendor's SDK: an optional peer dependency, which the application installs for the providers it uses.
 */
export interface Sdk<Module> {
  /** The package's name. */
  readonly name: string
  /** Supported versions, in words. */
  readonly versions: string
  /** What to pass to `npm i`. */
  readonly install: string
  /** Imports the package. Pass an `import("...")` with a literal name, so that bundlers see it. */
  readonly load: () => Promise<Module>
}

/**
 * Loads the SDK when a provider is made, since it takes 100 to 200 ms. Fails with a `ConfigurationError` that names the
 * package to install when it is missing; any other failure to load it is a defect.
 */
export const loadSdk = <Module>(
  neededBy: string,
  { install, load, name, versions }: Sdk<Module>
): Effect.Effect<Module, ConfigurationError> =>
  Effect.catchAllDefect(
    Effect.promise(load),
    (defect) =>
      isMissing(name, defect)
        ? new ConfigurationError({
          problems: [`${neededBy} needs the package "${name}" (${versions}): npm i ${install}`]
        })
        : Effect.die(defect)
  )

const missingCodes = new Set<unknown>(["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"])

/** The message tells a missing package from an installed one that lacks a file or a dependency of its own. */
const isMissing = (name: string, thrown: unknown): boolean =>
  Predicate.isRecord(thrown) && missingCodes.has(thrown["code"]) && typeof thrown["message"] === "string" &&
  /(?:package|module) ['"]([^'"]+)['"]/.exec(thrown["message"])?.[1] === name
