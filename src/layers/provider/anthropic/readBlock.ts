import type { ContentBlockParam } from "@anthropic-ai/sdk/resources/messages/messages"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { OpaquePart } from "../../../domain/Part.js"

/**
 * A block of the vendor's own, as it came: the vendor signs some of them, and checks them when they come back, so nothing is
 * added and nothing left out. None if it cannot be read.
 */
export const readBlock = ({ data }: OpaquePart): Option.Option<ContentBlockParam> => Option.filter(parse(data), isBlock)

const parse = Option.liftThrowable((data: string): unknown => JSON.parse(data))

const isBlock = (value: unknown): value is ContentBlockParam =>
  Predicate.isRecord(value) && typeof value["type"] === "string"
