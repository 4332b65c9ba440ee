import { InvalidRequest } from "../error/InvalidRequest.js"

export const lineTooLong = (number: number, maxBytes: number) =>
  new InvalidRequest({ path: [`line ${number}`], reason: `is longer than ${maxBytes} bytes` })
