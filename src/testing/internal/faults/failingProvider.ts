import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Provider } from "../../../services/Provider.js"
import type { FailpointControl } from "./makeFailpoints.js"

/**
 * A provider whose replies come one event at a time, with a failpoint between one and the next.
 */
export const failingProvider = ({ pass }: FailpointControl) => (provider: Provider): Provider => ({
  ...provider,
  open: (options) =>
    Effect.map(provider.open(options), ({ respond }) => ({
      respond: (request) =>
        Stream.rechunk(respond(request), 1).pipe(
          Stream.zipWithIndex,
          Stream.mapEffect(([event, index]) =>
            index === 0 ? Effect.succeed(event) : Effect.as(pass("midStream"), event)
          )
        )
    }))
})
