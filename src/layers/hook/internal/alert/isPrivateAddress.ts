import { BlockList, isIPv6 } from "node:net"

/**
 * Whether an IP address is one that a request from inside a network could reach and one from outside could not, or is no
 * address of a host at all. By the special-purpose registries of IANA: RFC 6890 and what has come since. IPv6 forms that
 * carry an IPv4 address count as private altogether, but for those that the operating system maps itself.
 */
export const isPrivateAddress = (address: string): boolean => reserved.check(address, isIPv6(address) ? "ipv6" : "ipv4")

const reserved = new BlockList()

for (
  const [network, prefix] of [
    ["0.0.0.0", 8],
    ["10.0.0.0", 8],
    ["100.64.0.0", 10],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
    ["172.16.0.0", 12],
    ["192.0.0.0", 24],
    ["192.0.2.0", 24],
    ["192.88.99.0", 24],
    ["192.168.0.0", 16],
    ["198.18.0.0", 15],
    ["198.51.100.0", 24],
    ["203.0.113.0", 24],
    ["224.0.0.0", 4],
    ["240.0.0.0", 4]
  ] as const
) reserved.addSubnet(network, prefix, "ipv4")

for (
  const [network, prefix] of [
    ["::", 96],
    ["64:ff9b::", 96],
    ["64:ff9b:1::", 48],
    ["100::", 64],
    ["2001::", 23],
    ["2001:db8::", 32],
    ["2002::", 16],
    ["fc00::", 7],
    ["fe80::", 10],
    ["fec0::", 10],
    ["ff00::", 8]
  ] as const
) reserved.addSubnet(network, prefix, "ipv6")
