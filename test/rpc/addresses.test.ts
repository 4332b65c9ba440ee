import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { Addresses, isLoopback, makeClientAddress } from "../../src/rpc/internal/network/addresses.js"
import { TokenBucket } from "../../src/rpc/internal/network/TokenBucket.js"
import * as ServerLimits from "../../src/rpc/ServerLimits.js"

const limited = (limits: Partial<ServerLimits.ServerLimits>) =>
  new Addresses(Either.getOrThrow(ServerLimits.resolve(limits)))

describe("Addresses", () => {
  it("bounds what is open, and what is new in a minute, for each address but the loopback ones", () => {
    const addresses = limited({ connectionsPerAddress: 2, newConnectionsPerMinute: 3 })
    const open = (at: number, address = "192.0.2.1") => addresses.open(address, at)
    assert.deepStrictEqual([open(0), open(1), open(2)], [undefined, undefined, "connectionsPerAddress"])
    addresses.close("192.0.2.1")
    assert.isUndefined(open(3))
    addresses.close("192.0.2.1")
    assert.strictEqual(open(59_999), "newConnectionsPerMinute")
    assert.isUndefined(open(60_000))
    assert.isUndefined(open(60_000, "192.0.2.2"))
    for (let count = 0; count < 10; count++) assert.isUndefined(open(0, "127.0.0.1"))
  })

  it("counts requests through a proxy as open, and not as new", () => {
    const addresses = limited({ connectionsPerAddress: 2, newConnectionsPerMinute: 1 })
    const request = () => addresses.openRequest("192.0.2.1")
    assert.deepStrictEqual([request(), request(), request()], [undefined, undefined, "connectionsPerAddress"])
    addresses.close("192.0.2.1")
    assert.isUndefined(addresses.open("192.0.2.1", 0))
    addresses.close("192.0.2.1")
    assert.strictEqual(addresses.open("192.0.2.1", 0), "newConnectionsPerMinute")
    assert.isUndefined(request())
  })

  it("locks an address that sent too many wrong tokens until the minute is over", () => {
    const addresses = limited({ wrongTokensPerMinute: 2 })
    addresses.addWrongToken("192.0.2.1", 1000)
    assert.strictEqual(addresses.lockedFor("192.0.2.1", 1000), 0)
    addresses.addWrongToken("192.0.2.1", 2000)
    assert.strictEqual(addresses.lockedFor("192.0.2.1", 2000), 59_000)
    assert.strictEqual(addresses.lockedFor("192.0.2.2", 2000), 0)
    assert.strictEqual(addresses.lockedFor("192.0.2.1", 61_000), 0)
  })

  it("forgets an address once it has nothing open and its minute is over, and no sooner", () => {
    const addresses = limited({ wrongTokensPerMinute: 1, callBurst: 2, callsPerSecond: 1 })
    addresses.addWrongToken("192.0.2.1", 0)
    addresses.prune(59_999)
    assert.isAbove(addresses.lockedFor("192.0.2.1", 59_999), 0)
    const bucket = addresses.calls("192.0.2.1", 60_000)
    bucket.take(60_000)
    addresses.prune(60_000)
    assert.strictEqual(addresses.calls("192.0.2.1", 60_000), bucket)
    addresses.prune(62_000)
    assert.notStrictEqual(addresses.calls("192.0.2.1", 62_000), bucket)
  })
})

describe("TokenBucket", () => {
  it("allows a burst, then so many per second, and says how long to wait", () => {
    const bucket = new TokenBucket(3, 2, 0)
    assert.deepStrictEqual([0, 0, 0, 0, 0].map(() => bucket.take(0)), [0, 0, 0, 500, 500])
    assert.deepStrictEqual([bucket.take(400), bucket.take(500), bucket.take(500)], [100, 0, 500])
    assert.isFalse(bucket.isFull(1000))
    assert.isTrue(bucket.isFull(60_000))
    assert.deepStrictEqual([0, 0, 0, 0].map(() => bucket.take(60_000)), [0, 0, 0, 500])
  })
})

describe("makeClientAddress", () => {
  const { isProxy, of } = makeClientAddress(["10.0.0.7", "::1"])

  for (
    const { address, forwarded, peer, what } of [
      { what: "the peer", peer: "192.0.2.1", forwarded: undefined, address: "192.0.2.1" },
      { what: "the peer, whatever it claims", peer: "192.0.2.1", forwarded: "198.51.100.9", address: "192.0.2.1" },
      { what: "a trusted proxy's client", peer: "10.0.0.7", forwarded: "198.51.100.9", address: "198.51.100.9" },
      {
        what: "the last hop, not what the client invented",
        peer: "::ffff:10.0.0.7",
        forwarded: "127.0.0.1, 198.51.100.9",
        address: "198.51.100.9"
      },
      {
        what: "the client before several proxies",
        peer: "::1",
        forwarded: "198.51.100.9, 10.0.0.7",
        address: "198.51.100.9"
      },
      { what: "the proxy when the header is empty", peer: "10.0.0.7", forwarded: "", address: "10.0.0.7" },
      { what: "the proxy when the header is no address", peer: "10.0.0.7", forwarded: "a\nb", address: "10.0.0.7" },
      { what: "an IPv4 address in IPv6", peer: "::ffff:192.0.2.1", forwarded: undefined, address: "192.0.2.1" },
      {
        what: "the network of an IPv6 address",
        peer: "2001:db8:0:12::1",
        forwarded: undefined,
        address: "2001:db8:0:12::/64"
      },
      {
        what: "the same network",
        peer: "2001:DB8:0:12:ffff::abc",
        forwarded: undefined,
        address: "2001:db8:0:12::/64"
      },
      { what: "another network", peer: "2001:db8:0:13::1", forwarded: undefined, address: "2001:db8:0:13::/64" },
      {
        what: "a link-local address with a zone",
        peer: "fe80::1%eth0",
        forwarded: undefined,
        address: "fe80:0:0:0::/64"
      }
    ]
  ) {
    it(`is ${what}`, () => assert.strictEqual(of(peer, forwarded), address))
  }

  it("knows proxies and the loopback interface", () => {
    assert.deepStrictEqual(["10.0.0.7", "::ffff:10.0.0.7", "::1", "10.0.0.8"].map(isProxy), [true, true, true, false])
    assert.deepStrictEqual(
      ["127.0.0.1", "127.9.9.9", "::1", "128.0.0.1", "127.0.0.1.example.com"].map(isLoopback),
      [true, true, true, false, false]
    )
  })
})
