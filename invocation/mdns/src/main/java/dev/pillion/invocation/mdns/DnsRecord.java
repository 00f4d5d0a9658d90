// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.mdns;

import java.net.InetAddress;
import java.util.List;

/** The records by which an app is found. A name ends in a dot. */
sealed interface DnsRecord {
  int A = 1;
  int PTR = 12;
  int TXT = 16;
  int AAAA = 28;
  int SRV = 33;
  int ANY = 255;

  String name();

  /** In seconds; zero says that the record is gone. */
  long ttl();

  /** An instance of a service. */
  record Pointer(String name, long ttl, String target) implements DnsRecord {}

  /** Where an instance listens. */
  record Service(String name, long ttl, int port, String target) implements DnsRecord {}

  /** What an instance says of itself. */
  record Text(String name, long ttl, List<String> texts) implements DnsRecord {}

  /** An address of a host. */
  record Address(String name, long ttl, InetAddress address) implements DnsRecord {}
}
