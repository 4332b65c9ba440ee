import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Schema from "effect/Schema"
import { InvalidRequest } from "../../domain/error/InvalidRequest.js"

const encode = Schema.encodeSync(InvalidRequest)

/**
 * Refuses a whole HTTP request, before there is a call to answer.
 */
export const refuseHttp = (status: number, error: InvalidRequest): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson({ ...encode(error), message: error.message }, { status })
