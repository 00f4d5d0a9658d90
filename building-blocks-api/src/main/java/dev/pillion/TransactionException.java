// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import org.jspecify.annotations.Nullable;

/**
 * A transaction was refused or failed; none of its changes was applied, unless the cause is a
 * transient {@link ComponentException}: then all or none were. One that was applied for certain, or
 * whose deadline passed, fails as {@link ReplicationException} or {@link CallTimeoutException}.
 */
public final class TransactionException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  /** Why, with the failure of the operation that decided as its cause. */
  public TransactionException(String errorCode, String message, @Nullable Throwable cause) {
    super(errorCode, message, cause);
  }
}
