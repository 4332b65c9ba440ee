import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ConfigurationError } from "../../../domain/error/ConfigurationError.js"
import { Failpoint } from "./Failpoint.js"
import type { FailpointControl } from "./makeFailpoints.js"

const variable = "LANGSWARM_FAILPOINT"

/** `point:action` or `point:action:nth`. */
const Order = Schema.split(":").pipe(
  Schema.compose(
    Schema.Tuple(
      Failpoint,
      Schema.Literal("kill", "pause"),
      Schema.optionalElement(Schema.NumberFromString.pipe(Schema.int(), Schema.positive()))
    ),
    { strict: false }
  )
)

/**
 * Arms what the variable says, such as `afterIntent:kill:3`: the means to break a process from outside. A pause that is
 * armed so is for ever.
 */
export const armFromConfig = ({ kill, pause }: FailpointControl): Effect.Effect<void, ConfigurationError> =>
  Effect.flatMap(
    Effect.mapError(Config.option(Schema.Config(variable, Order)), () =>
      new ConfigurationError({
        problems: [
          `${variable} must be a failpoint, then "kill" or "pause", then which time, as in "afterIntent:kill:3"; ` +
          `the failpoints are ${Failpoint.literals.join(", ")}`
        ]
      })),
    Option.match({
      onNone: () => Effect.void,
      onSome: ([point, action, nth]) => (action === "kill" ? kill(point, nth) : Effect.asVoid(pause(point, nth)))
    })
  )
