// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How to delete. Immutable: each method returns another object. */
public final class DeleteOptions {
  private static final DeleteOptions DEFAULTS = new DeleteOptions(null, Map.of());

  private final @Nullable String etag;
  private final Map<String, String> metadata;

  private DeleteOptions(@Nullable String etag, Map<String, String> metadata) {
    this.etag = etag;
    this.metadata = metadata;
  }

  /** Whatever the value is, and also when there is none. */
  public static DeleteOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Only the value that has this etag; a missing key is a mismatch.
   *
   * @throws IllegalArgumentException when the etag is empty
   */
  public static DeleteOptions ifMatch(String etag) {
    if (etag.isEmpty()) {
      throw new IllegalArgumentException(
          "an empty etag matches nothing; leave it out to delete unconditionally");
    }
    return new DeleteOptions(etag, Map.of());
  }

  /** These options with one more entry of request metadata, for what is particular to a store. */
  public DeleteOptions metadata(String name, String value) {
    return new DeleteOptions(etag, ReadOptions.with(metadata, name, value));
  }

  /** These options with more entries of request metadata. */
  public DeleteOptions metadata(Map<String, String> entries) {
    return entries.isEmpty()
        ? this
        : new DeleteOptions(etag, ReadOptions.withAll(metadata, entries));
  }

  /** The etag the stored value must have; null when any will do. */
  public @Nullable String etag() {
    return etag;
  }

  /** The request metadata; unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }
}
