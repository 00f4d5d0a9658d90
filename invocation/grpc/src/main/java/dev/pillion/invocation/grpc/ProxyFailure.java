// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.StatusCoded;
import io.grpc.Status;

/** A call that was passed on and has failed, as the chain around it sees it. */
final class ProxyFailure extends BuildingBlockException implements StatusCoded {
  private static final long serialVersionUID = 1;

  private final transient Status status;
  private final int code;

  ProxyFailure(Status status) {
    super("ERR_DIRECT_INVOKE", status.toString(), status.getCause());
    this.status = status;
    this.code = status.getCode().value();
  }

  Status status() {
    return status;
  }

  @Override
  public int statusCode() {
    return code;
  }
}
