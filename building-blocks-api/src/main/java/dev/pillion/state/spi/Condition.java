// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.spi;

import org.jspecify.annotations.Nullable;

/**
 * When a write is applied: always, only where no value is, or only over one etag. Expired values
 * count as no value.
 */
public final class Condition {
  private static final Condition NONE = new Condition(null, false);
  private static final Condition ABSENT = new Condition(null, true);

  private final @Nullable String etag;
  private final boolean absent;

  private Condition(@Nullable String etag, boolean absent) {
    this.etag = etag;
    this.absent = absent;
  }

  /** Always: last-write. */
  public static Condition none() {
    return NONE;
  }

  /** Only where no value is: first-write. */
  public static Condition absent() {
    return ABSENT;
  }

  /** Only over the value with this etag, which is not empty. */
  public static Condition matches(String etag) {
    return new Condition(etag, false);
  }

  /** Whether the write is applied whatever is there. */
  public boolean isNone() {
    return etag == null && !absent;
  }

  /** Whether there must be no value. */
  public boolean isAbsent() {
    return absent;
  }

  /** The etag the value must have; null when the condition is another one. */
  public @Nullable String etag() {
    return etag;
  }

  @Override
  public String toString() {
    return etag != null ? "etag " + etag : absent ? "first-write" : "last-write";
  }
}
