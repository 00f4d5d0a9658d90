// SPDX-License-Identifier: Apache-2.0
package dev.pillion.connections.redis;

import dev.pillion.BuildingBlockException;
import org.jspecify.annotations.Nullable;

/**
 * What became of one call among many: its answer, or its failure.
 *
 * @param value the answer; null when the server has none, or after a failure
 * @param failure why there is no answer; null when there is one
 * @param resent whether the call had to be sent a second time, behind those that followed it
 */
public record RedisReply<T extends @Nullable Object>(
    @Nullable T value, @Nullable BuildingBlockException failure, boolean resent) {
  /** The answer, null when the server has none. */
  public @Nullable T get() {
    if (failure != null) {
      throw failure;
    }
    return value;
  }
}
