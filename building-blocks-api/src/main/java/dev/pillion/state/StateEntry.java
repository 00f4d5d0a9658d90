// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state;

import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A value as it was read, with what a later conditional write needs. Immutable but for what
 * {@code T} itself allows; never shared with the store.
 *
 * @param <T> the value's type
 */
public final class StateEntry<T> {
  private final String key;
  private final T value;
  private final String etag;
  private final @Nullable Instant expiresAt;

  /** The etag is empty, and {@code expiresAt} null, where the store gives none. */
  public StateEntry(String key, T value, String etag, @Nullable Instant expiresAt) {
    this.key = key;
    this.value = value;
    this.etag = etag;
    this.expiresAt = expiresAt;
  }

  /** The key as the program wrote it, without the stored prefix. */
  public String key() {
    return key;
  }

  /** The value. */
  public T value() {
    return value;
  }

  /** The etag, for {@link SaveOptions#ifMatch} and {@link DeleteOptions#ifMatch}; opaque. */
  public String etag() {
    return etag;
  }

  /** When the value goes by itself; empty when never, or where the store does not say (Redis). */
  public Optional<Instant> expiresAt() {
    return Optional.ofNullable(expiresAt);
  }

  @Override
  public String toString() {
    return "StateEntry[key=" + key + ", etag=" + etag + "]";
  }
}
