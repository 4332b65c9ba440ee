// A promise may reject with anything: its type has no room for errors.
// @effect-diagnostics anyUnknownInErrorContext:off
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type { Session } from "../../Session.js"
import type { CallOptions, Promised } from "../PromiseSession.js"
import { iterate } from "./iterate.js"
import type { Calls } from "./makeCalls.js"

const isStream = (value: unknown): value is Stream.Stream<unknown, unknown> =>
  Predicate.hasProperty(value, Stream.StreamTypeId)

/** The one thing among all answers that has effects of its own. */
const isSession = (value: unknown): value is Session =>
  Predicate.hasProperty(value, "send") && Predicate.hasProperty(value, "watch")

/** No input of a call has a signal. */
const isOptions = (value: unknown): value is CallOptions =>
  Predicate.isRecord(value) && Object.keys(value).join() === "signal" &&
  (value["signal"] === undefined || value["signal"] instanceof AbortSignal)

/** What is thrown while it is read fails the stream, and so rejects what reads that. */
const streamed = (arg: unknown): unknown => isAsyncIterable(arg) ? Stream.fromAsyncIterable(arg, identity) : arg

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  Predicate.hasProperty(value, Symbol.asyncIterator)

/**
 * The members of a service, each as `Promised` has it, whatever they are: an operation that is added needs nothing here.
 */
export function promised<Service extends object>(calls: Calls, service: Service): Promised<Service>
export function promised(calls: Calls, service: object): unknown {
  const answer = (value: unknown, { signal }: CallOptions): unknown => {
    if (isStream(value)) return iterate(calls, value, signal)
    if (isSession(value)) return promised(calls, value)
    return isEffect(value) ? calls.run(Effect.map(value, (value) => answer(value, {})), signal) : value
  }

  const member = (value: unknown): unknown => {
    if (Predicate.isFunction(value)) {
      return (...args: ReadonlyArray<unknown>) => {
        const last = args.at(-1)
        return isOptions(last)
          ? answer(value(...args.slice(0, -1).map(streamed)), last)
          : answer(value(...args.map(streamed)), {})
      }
    }
    return isEffect(value) || isStream(value) ? (options: CallOptions = {}) => answer(value, options) : value
  }

  return Object.fromEntries(Object.entries(service).map(([name, value]) => [name, member(value)]))
}

/** Not what is an effect beside being something else, as an `Option` or an error. */
const isEffect = (value: unknown): value is Effect.Effect<unknown, unknown> => Effect.isEffect(value)
