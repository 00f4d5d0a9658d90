// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.StatusCoded;
import io.grpc.Status;

/** A program answered with an error. */
final class AppStatusException extends BuildingBlockException implements StatusCoded {
  private static final long serialVersionUID = 1;

  private final int code;

  AppStatusException(String operation, String address, Status status) {
    super(
        "ERR_DIRECT_INVOKE",
        "the app at %s answered %s with %s%s"
            .formatted(
                address,
                operation,
                status.getCode(),
                status.getDescription() == null ? "" : ": " + status.getDescription()),
        null);
    this.code = status.getCode().value();
  }

  @Override
  public int statusCode() {
    return code;
  }
}
