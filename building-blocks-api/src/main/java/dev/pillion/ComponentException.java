// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import org.jspecify.annotations.Nullable;

/**
 * A component's backend refused or could not be reached. The cause is the driver's own exception.
 */
public class ComponentException extends BuildingBlockException {
  private static final long serialVersionUID = 1;

  private final boolean isTransient;

  /** Use {@link #unavailable} or {@link #failed} unless the Dapr code is known. */
  public ComponentException(
      String errorCode, String message, boolean isTransient, @Nullable Throwable cause) {
    super(errorCode, message, cause);
    this.isTransient = isTransient;
  }

  /** The backend can't be reached or is overloaded: the same call may pass later. */
  public static ComponentException unavailable(String message, @Nullable Throwable cause) {
    return new ComponentException("ERR_COMPONENT", message, true, cause);
  }

  /** The backend answered and said no: the same call will fail again. */
  public static ComponentException failed(String message, @Nullable Throwable cause) {
    return new ComponentException("ERR_COMPONENT", message, false, cause);
  }

  /**
   * Whether the same call may pass later. A write that failed so may or may not have been applied.
   */
  public final boolean isTransient() {
    return isTransient;
  }
}
