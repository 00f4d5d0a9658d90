// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import org.jspecify.annotations.Nullable;

/** A call's deadline passed. Whether a write was applied is unknown. */
public final class CallTimeoutException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  /** What was waited for, and how long. */
  public CallTimeoutException(String errorCode, String message, @Nullable Throwable cause) {
    super(errorCode, message, cause);
  }
}
