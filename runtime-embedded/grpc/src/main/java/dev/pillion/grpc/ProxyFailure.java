// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.StatusCoded;
import io.grpc.Metadata;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/** A call that was passed on and failed before anything of its answer had reached the caller. */
final class ProxyFailure extends BuildingBlockException implements StatusCoded {
  private static final long serialVersionUID = 1;

  private final transient Status status;
  private final transient @Nullable Metadata headers;
  private final transient Metadata trailers;
  private final boolean unseen;
  private final int code;

  /** @param unseen whether nobody has seen anything of the call */
  ProxyFailure(Status status, @Nullable Metadata headers, Metadata trailers, boolean unseen) {
    super("ERR_DIRECT_INVOKE", status.toString(), status.getCause());
    this.status = status;
    this.headers = headers;
    this.trailers = trailers;
    this.unseen = unseen;
    this.code = status.getCode().value();
  }

  Status status() {
    return status;
  }

  /** What came before the failure; null when nothing did. */
  @Nullable
  Metadata headers() {
    return headers;
  }

  Metadata trailers() {
    return trailers;
  }

  boolean isUnseen() {
    return unseen;
  }

  @Override
  public int statusCode() {
    return code;
  }
}
