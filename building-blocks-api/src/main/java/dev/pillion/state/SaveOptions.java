// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state;

import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How to save. Immutable: each method returns another object.
 *
 * <p>The condition is one of three: none (last-write, the default: always wins),
 * {@link #firstWrite} (only where no value is), {@link #ifMatch} (only over that etag).
 */
public final class SaveOptions {
  private static final SaveOptions DEFAULTS =
      new SaveOptions(null, false, null, Consistency.EVENTUAL, Map.of());

  private final @Nullable String etag;
  private final boolean firstWrite;
  private final @Nullable Duration timeToLive;
  private final Consistency consistency;
  private final Map<String, String> metadata;

  private SaveOptions(
      @Nullable String etag,
      boolean firstWrite,
      @Nullable Duration timeToLive,
      Consistency consistency,
      Map<String, String> metadata) {
    this.etag = etag;
    this.firstWrite = firstWrite;
    this.timeToLive = timeToLive;
    this.consistency = consistency;
    this.metadata = metadata;
  }

  /** Last-write, no expiry, eventual consistency. */
  public static SaveOptions defaults() {
    return DEFAULTS;
  }

  /** Only where the key has no value: {@code first-write} without an etag. */
  public static SaveOptions firstWrite() {
    return new SaveOptions(null, true, null, Consistency.EVENTUAL, Map.of());
  }

  /**
   * Only over the value that has this etag.
   *
   * @throws IllegalArgumentException when the etag is empty
   */
  public static SaveOptions ifMatch(String etag) {
    if (etag.isEmpty()) {
      throw new IllegalArgumentException(
          "an empty etag matches nothing; leave it out to save unconditionally");
    }
    return new SaveOptions(etag, false, null, Consistency.EVENTUAL, Map.of());
  }

  /**
   * Removes the value by itself after this time, counted in whole seconds, rounded up. A save
   * without it clears an earlier one.
   *
   * @throws IllegalArgumentException when zero or negative, or over 2,147,483,647 seconds
   */
  public SaveOptions expireAfter(Duration timeToLive) {
    if (timeToLive.isZero() || timeToLive.isNegative()) {
      throw new IllegalArgumentException(
          "a value can't expire after " + timeToLive + "; give a positive duration, or delete it");
    }
    if (timeToLive.compareTo(Duration.ofSeconds(Integer.MAX_VALUE)) > 0) {
      throw new IllegalArgumentException("a value can't expire after " + timeToLive
          + "; the limit is " + Integer.MAX_VALUE + " seconds; leave it out for no expiry");
    }
    return new SaveOptions(etag, firstWrite, timeToLive, consistency, metadata);
  }

  /** Waits for the store's replicas too. */
  public SaveOptions strong() {
    return new SaveOptions(etag, firstWrite, timeToLive, Consistency.STRONG, metadata);
  }

  /**
   * What the value is. {@code application/json} makes a store that knows JSON keep it as such,
   * {@code byte[]} too, which then must be JSON.
   */
  public SaveOptions contentType(String contentType) {
    return metadata("contentType", contentType);
  }

  /** These options with one more entry of request metadata, for what is particular to a store. */
  public SaveOptions metadata(String name, String value) {
    return new SaveOptions(
        etag, firstWrite, timeToLive, consistency, ReadOptions.with(metadata, name, value));
  }

  /** These options with more entries of request metadata. */
  public SaveOptions metadata(Map<String, String> entries) {
    return entries.isEmpty()
        ? this
        : new SaveOptions(
            etag, firstWrite, timeToLive, consistency, ReadOptions.withAll(metadata, entries));
  }

  /** The etag the stored value must have; null when any will do. */
  public @Nullable String etag() {
    return etag;
  }

  /** Whether the key must have no value. */
  public boolean isFirstWrite() {
    return firstWrite;
  }

  /** After which time the value goes; null for never. */
  public @Nullable Duration timeToLive() {
    return timeToLive;
  }

  /** The consistency asked for. */
  public Consistency consistency() {
    return consistency;
  }

  /** The request metadata; unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SaveOptions that
        && Objects.equals(etag, that.etag)
        && firstWrite == that.firstWrite
        && Objects.equals(timeToLive, that.timeToLive)
        && consistency == that.consistency
        && metadata.equals(that.metadata);
  }

  @Override
  public int hashCode() {
    return Objects.hash(etag, firstWrite, timeToLive, consistency, metadata);
  }
}
