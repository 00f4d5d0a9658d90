// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** How to read. Immutable: each method returns another object. */
public final class ReadOptions {
  private static final ReadOptions DEFAULTS = new ReadOptions(Consistency.EVENTUAL, Map.of());

  private final Consistency consistency;
  private final Map<String, String> metadata;

  private ReadOptions(Consistency consistency, Map<String, String> metadata) {
    this.consistency = consistency;
    this.metadata = metadata;
  }

  /** Eventual consistency, no request metadata. */
  public static ReadOptions defaults() {
    return DEFAULTS;
  }

  /** Strong consistency. */
  public static ReadOptions strong() {
    return new ReadOptions(Consistency.STRONG, Map.of());
  }

  /** These options with one more entry of request metadata, for what is particular to a store. */
  public ReadOptions metadata(String name, String value) {
    return new ReadOptions(consistency, with(metadata, name, value));
  }

  /** These options with more entries of request metadata. */
  public ReadOptions metadata(Map<String, String> entries) {
    return entries.isEmpty() ? this : new ReadOptions(consistency, withAll(metadata, entries));
  }

  /** The consistency asked for. */
  public Consistency consistency() {
    return consistency;
  }

  /** The request metadata; unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  static Map<String, String> with(Map<String, String> map, String name, String value) {
    var copy = new HashMap<>(map);
    copy.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
    return Map.copyOf(copy);
  }

  static Map<String, String> withAll(Map<String, String> map, Map<String, String> entries) {
    if (map.isEmpty()) {
      return Map.copyOf(entries);
    }
    var copy = new HashMap<>(map);
    copy.putAll(entries);
    return Map.copyOf(copy);
  }
}
