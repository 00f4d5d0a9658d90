// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.BuildingBlockException;
import dev.pillion.call.StatusCoded;
import org.jspecify.annotations.Nullable;

/**
 * A program could not be asked, or its answer could not be read. A slot that does not become free
 * in time is a {@link dev.pillion.CallRejectedException}, a deadline that passes during the call a
 * {@link dev.pillion.CallTimeoutException}.
 */
public final class AppChannelException extends BuildingBlockException implements StatusCoded {
  private static final long serialVersionUID = 1;

  private final Reason reason;

  /** Why. */
  public enum Reason {
    /** Nothing takes connections at its address. The program has seen nothing of the call. */
    NOT_LISTENING(14),
    /** Its health check fails. The program has seen nothing of the call. */
    UNHEALTHY(13),
    /** The connection ended before the answer did. Whether it did its work is not known. */
    CLOSED(14),
    /** What it answered is not of the protocol. Whether it did its work is not known. */
    GARBAGE(13),
    /** Body or headers, of the request or of the answer, are above their limit. */
    TOO_LARGE(8);

    private final int code;

    Reason(int code) {
      this.code = code;
    }
  }

  /** Why, and what failed: the program's address, what happened, what to do. */
  public AppChannelException(Reason reason, String message, @Nullable Throwable cause) {
    super("ERR_DIRECT_INVOKE", message, cause);
    this.reason = reason;
  }

  static AppChannelException requestTooLarge(int limit) {
    return new AppChannelException(
        Reason.TOO_LARGE,
        "the body of the request is larger than the app's maximum body size of %d bytes, set by maxBodySize"
            .formatted(limit),
        null);
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }

  /** The gRPC code that Dapr's callers would see: what retry policies are matched against. */
  @Override
  public int statusCode() {
    return reason.code;
  }
}
