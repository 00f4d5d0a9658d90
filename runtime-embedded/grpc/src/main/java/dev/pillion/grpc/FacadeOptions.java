// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a facade was told.
 *
 * @param token what callers must send; null when they need not
 * @param allowed groups of rpcs; empty for all
 * @param denied groups of rpcs
 */
record FacadeOptions(
    @Nullable String token,
    Set<String> allowed,
    Set<String> denied,
    int maxMessageSize,
    int maxHeaderListSize,
    int maxConcurrentCalls) {
  boolean isFiltered() {
    return !allowed.isEmpty() || !denied.isEmpty();
  }

  @Override
  public String toString() {
    return "FacadeOptions[token=" + (token == null ? "none" : "***") + "]";
  }
}
