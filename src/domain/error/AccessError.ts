import * as Schema from "effect/Schema"
import { Disconnected } from "./Disconnected.js"
import { InvalidRequest } from "./InvalidRequest.js"
import { ShuttingDown } from "./ShuttingDown.js"
import { StoreError } from "./StoreError.js"
import { Unauthorized } from "./Unauthorized.js"

/**
 * What any call may answer, whatever it asks for. `Unauthorized` and `Disconnected` come from a remote manager only.
 */
export const AccessError = Schema.Union(Disconnected, InvalidRequest, ShuttingDown, StoreError, Unauthorized)
export type AccessError = typeof AccessError.Type
