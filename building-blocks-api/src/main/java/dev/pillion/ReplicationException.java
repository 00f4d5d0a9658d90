// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import org.jspecify.annotations.Nullable;

/**
 * A write that was to reach the backend's replicas is applied, and read by everyone, but is not
 * known to have reached them. All of a transaction that failed so is applied.
 */
public final class ReplicationException extends ComponentException {
  private static final long serialVersionUID = 1;

  /** What is applied, and what is known of the replicas. */
  public ReplicationException(
      String errorCode, String message, boolean isTransient, @Nullable Throwable cause) {
    super(errorCode, message, isTransient, cause);
  }
}
