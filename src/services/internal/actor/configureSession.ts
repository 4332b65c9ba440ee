import type * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type { ConfigureSession } from "../../../domain/ConfigureSession.js"
import type { InvalidRequest } from "../../../domain/error/InvalidRequest.js"
import { configure } from "../../../domain/SessionConfig.js"
import type { SessionState } from "./SessionState.js"
import type { Transition } from "./Transition.js"
import { withEvents } from "./withEvents.js"

/**
 * A session that is answered in another way from now on.
 */
export const configureSession = (
  state: SessionState,
  { model = state.session.model, provider = state.session.provider, ...changes }: ConfigureSession,
  now: DateTime.Utc
): Either.Either<Transition, InvalidRequest> =>
  Either.map(configure(state.session.config, changes), (config) => {
    const configuration = { provider, model, config }
    const session = { ...state.session, ...configuration }
    return withEvents({ changes: { configuration }, next: { ...state, session } }, now, [
      { _tag: "SessionConfigured", provider, model }
    ])
  })
