// SPDX-License-Identifier: Apache-2.0
package dev.pillion.http;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.StatusCoded;

/** A program answered with a status that is no success, or with something that can't be read. */
final class HttpAnswerException extends BuildingBlockException implements StatusCoded {
  private static final long serialVersionUID = 1;

  private final int status;

  HttpAnswerException(String message, int status) {
    super("ERR_DIRECT_INVOKE", message, null);
    this.status = status;
  }

  @Override
  public int statusCode() {
    return status;
  }
}
