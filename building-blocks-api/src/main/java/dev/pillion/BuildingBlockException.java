// SPDX-License-Identifier: Apache-2.0
package dev.pillion;

import org.jspecify.annotations.Nullable;

/**
 * A call to a building block failed. Children exist only where a caller would act differently.
 *
 * <p>Messages name the thing, the reason and the alternatives, and never hold a payload or a
 * secret.
 */
public class BuildingBlockException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final String errorCode;

  /**
   * @param errorCode Dapr's code for this failure, such as {@code ERR_STATE_GET}
   * @param message what failed, which one, why
   * @param cause the failure below, if there is one
   */
  public BuildingBlockException(String errorCode, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.errorCode = errorCode;
  }

  /**
   * Dapr's code for this failure, such as {@code ERR_STATE_GET}; the same code goes out on the
   * wire.
   */
  public final String errorCode() {
    return errorCode;
  }
}
