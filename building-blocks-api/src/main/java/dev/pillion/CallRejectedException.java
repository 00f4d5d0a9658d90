// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import org.jspecify.annotations.Nullable;

/**
 * The runtime took the call no further: a limit is reached or a breaker is open. Nothing was done.
 */
public final class CallRejectedException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  /** Which limit, and what it is set to. */
  public CallRejectedException(String errorCode, String message, @Nullable Throwable cause) {
    super(errorCode, message, cause);
  }
}
