// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.kafka;

/**
 * Which partition a key goes to, as in the client that Dapr uses and unlike Kafka's own: events of
 * one key must meet in one partition, whoever publishes them. FNV-1a of 32 bits.
 */
final class KeyHash {
  private static final int OFFSET_BASIS = 0x811c9dc5;
  private static final int PRIME = 0x01000193;

  private KeyHash() {}

  static int of(byte[] key) {
    int hash = OFFSET_BASIS;
    for (byte b : key) {
      hash ^= b & 0xff;
      hash *= PRIME;
    }
    return hash;
  }

  /** The remainder of the signed hash; a negative one loses its sign. */
  static int partition(byte[] key, int partitions) {
    return Math.abs(of(key) % partitions);
  }
}
