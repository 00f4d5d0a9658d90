// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.BuildingBlockException;
import dev.pillion.NoSuchComponentException;
import dev.pillion.runtime.EmbeddedRuntime;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What all rpcs of one running facade share: the runtime, the limit of an answer, the last word on
 * failures.
 */
final class Serving {
  private static final Logger log = LoggerFactory.getLogger(GrpcFacade.class);

  private final EmbeddedRuntime runtime;
  private final int maxMessageSize;

  Serving(EmbeddedRuntime runtime, int maxMessageSize) {
    this.runtime = runtime;
    this.maxMessageSize = maxMessageSize;
  }

  EmbeddedRuntime runtime() {
    return runtime;
  }

  /** The largest answer, in bytes. */
  int maxMessageSize() {
    return maxMessageSize;
  }

  /** The text is that of Dapr's server. */
  void checkSize(int size) {
    if (size > maxMessageSize) {
      throw GrpcErrors.plain(
          Status.Code.RESOURCE_EXHAUSTED,
          "trying to send message larger than max (%d vs. %d)".formatted(size, maxMessageSize));
    }
  }

  /** What a caller is told. A defect is told in the log instead, and only there. */
  StatusRuntimeException status(String operation, Throwable failure) {
    if (failure instanceof StatusRuntimeException status) {
      return status;
    }
    if (failure instanceof BuildingBlockException known) {
      return GrpcErrors.basic(
          GrpcErrors.code(known, Status.Code.INTERNAL),
          known.errorCode(),
          String.valueOf(known.getMessage()));
    }
    if (failure instanceof IllegalStateException && isClosed()) {
      return GrpcErrors.plain(Status.Code.UNAVAILABLE, "the runtime is closed");
    }
    log.error("{} of \"{}\" failed unexpectedly", operation, runtime.appId(), failure);
    return GrpcErrors.plain(
        Status.Code.INTERNAL,
        "unexpected failure of " + operation + "; the runtime's log says more");
  }

  /** A handle can be asked for until the runtime closes, and the answer tells which it is. */
  private boolean isClosed() {
    try {
      runtime.state("");
      return false;
    } catch (NoSuchComponentException e) {
      return false;
    } catch (IllegalStateException e) {
      return true;
    }
  }
}
